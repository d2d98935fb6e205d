"""Facts that the plumbing itself records."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class DeliveryDied(Event):
    """A delivery ran out of attempts. Recorded once for each death; the death of a report records none."""

    delivery_id: UUID


@dataclass(frozen=True, kw_only=True)
class CanarySent(Event):
    """A delivery without a purpose was sent through one queue, to see that it comes out at the other end."""
