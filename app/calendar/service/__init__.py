"""The use cases of calendars; the calls to Google between them stand in `handlers`."""

from app.calendar.rules import invitation_uid
from app.calendar.service.connections import (
    CalendarView,
    connect,
    disconnect,
    show_calendar,
)
from app.calendar.service.consents import PendingConsent, begin_consent, find_return, redirect_uri, take_consent
from app.calendar.service.grants import Grant, end_renewal, keep_token, lose_grant, take_token
from app.calendar.service.meetings import Meeting

__all__ = [
    "CalendarView",
    "Grant",
    "Meeting",
    "PendingConsent",
    "begin_consent",
    "connect",
    "disconnect",
    "end_renewal",
    "find_return",
    "invitation_uid",
    "keep_token",
    "lose_grant",
    "redirect_uri",
    "show_calendar",
    "take_consent",
    "take_token",
]
