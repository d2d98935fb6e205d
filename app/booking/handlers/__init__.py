"""What booking does about events: money that came, meetings in calendars, and whom it tells what."""

from app.booking.handlers.meetings import ask_for_meeting
from app.booking.handlers.news import (
    write_cancellation,
    write_completion,
    write_confirmation,
    write_dispute,
    write_expiry,
    write_late_payment,
    write_meeting_link,
    write_release,
)
from app.booking.handlers.payments import apply_payment

__all__ = [
    "apply_payment",
    "ask_for_meeting",
    "write_cancellation",
    "write_completion",
    "write_confirmation",
    "write_dispute",
    "write_expiry",
    "write_late_payment",
    "write_meeting_link",
    "write_release",
]
