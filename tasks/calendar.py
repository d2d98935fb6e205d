"""What calendars do about events: their owners are told when Google lets us in no more."""

from __future__ import annotations

from app.calendar import handlers
from tasks.delivery import Errand, with_outside_calls
from tasks.news import tell


@with_outside_calls
def send_reconnect(errand: Errand) -> None:
    """Ask a mentor to connect their calendar again."""
    tell(errand, handlers.write_reconnect)
