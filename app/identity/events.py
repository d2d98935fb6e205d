"""Facts of identity."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class UserRegistered(Event):
    """Somebody registered an address that was not known."""

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class VerificationRequested(Event):
    """Somebody registered a known address again, or asked for another mail."""

    user_id: UUID
