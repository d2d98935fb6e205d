"""What a session is to a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class Meeting:
    """A session that shall stand in its owner's calendar, under an id of whoever decides it; instants are UTC."""

    session_id: UUID
    owner_id: UUID
    summary: str
    description: str
    starts_at: datetime
    ends_at: datetime
