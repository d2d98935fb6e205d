"""Have sessions put into calendars; whatever becomes of it, the booking stays confirmed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import alarms, queries, service
from app.calendar import handlers as calendar
from app.calendar.errors import CalendarNotConnected
from app.calendar.service import Meeting
from app.gateways.google.errors import QuotaUsedUp
from app.infra.db import session_scope
from app.notifications import service as notifications


def ask_for_meeting(meeting: Meeting) -> Callable[[Session], None]:
    """Have a session put into its mentor's calendar; return what to record in the transaction that ends the delivery.

    Raises the failures of the gateway: the booking stays confirmed, and the delivery is tried again or dies.
    """
    try:
        link = calendar.arrange(meeting)
    except CalendarNotConnected:
        return partial(_tell_operators, booking_id=meeting.session_id)
    except QuotaUsedUp:  # hours will pass: somebody should know before the last try
        with session_scope() as session:
            notifications.raise_alarm(session, alarms.QUOTA_USED_UP)
        raise
    return partial(service.record_meeting, booking_id=meeting.session_id, link=link)


def _tell_operators(session: Session, booking_id: UUID) -> None:
    booking = queries.find_booking(session, booking_id)
    if booking is not None:
        notifications.raise_alarm(session, alarms.mentor_not_connected(booking))
