"""Work on calendars that talks to Google (its transactions are short, none is open during a call), and its news."""

from app.calendar.handlers.connecting import finish_connecting, stop_connecting
from app.calendar.handlers.meetings import arrange, cancel
from app.calendar.handlers.news import write_reconnect

__all__ = ["arrange", "cancel", "finish_connecting", "stop_connecting", "write_reconnect"]
