"""Facts about calendars."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class CalendarConnected(Event):
    """A mentor's calendar can be written to, for the first time or again."""

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class GrantLost(Event):
    """Google, or we, can do no more with what a user allowed; recorded once for each grant."""

    user_id: UUID
