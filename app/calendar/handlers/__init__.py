"""Work on calendars that talks to Google: its transactions are short, and none is open during a call."""

from app.calendar.handlers.connecting import finish_connecting, stop_connecting
from app.calendar.handlers.meetings import arrange, cancel

__all__ = ["arrange", "cancel", "finish_connecting", "stop_connecting"]
