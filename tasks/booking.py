"""What booking decides about events: money that came, meetings in calendars, news for its two people."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.booking import handlers, service
from app.calendar import handlers as calendar
from app.infra.db import session_scope
from tasks.delivery import Errand, in_one_transaction, with_outside_calls
from tasks.news import tell


@in_one_transaction
def apply_payment(session: Session, event: Any) -> None:
    """Confirm the booking that was paid for, take an expired one up again, or mark it paid late."""
    handlers.apply_payment(session, event)


@with_outside_calls
def arrange_meeting(errand: Errand) -> None:
    """Put a confirmed session into its mentor's calendar, and show where people meet."""
    with session_scope() as session:
        meeting = service.prepare_meeting(session, errand.event.booking_id)
    if meeting is None:
        return
    record_outcome = handlers.ask_for_meeting(meeting)
    with errand.outcome() as session:
        record_outcome(session)


@in_one_transaction
def arrange_missing_meetings(session: Session, event: Any) -> None:
    """Have links made for the sessions ahead of a mentor who has connected a calendar, and cancelled ones taken out."""
    service.catch_up_with_calendar(session, event.user_id)


@with_outside_calls
def cancel_meeting(errand: Errand) -> None:
    """Take a cancelled session out of its mentor's calendar."""
    booking_id = errand.event.booking_id
    with session_scope() as session:
        owner_id = service.owner_of_cancelled(session, booking_id)
    if owner_id is not None:
        calendar.cancel(booking_id, owner_id)


@with_outside_calls
def send_meeting_link(errand: Errand) -> None:
    """Tell both people where they meet, when that came later than the confirmation."""
    tell(errand, handlers.write_meeting_link)


@with_outside_calls
def send_confirmation(errand: Errand) -> None:
    """Tell both people that the session will take place."""
    tell(errand, handlers.write_confirmation)


@with_outside_calls
def send_cancellation(errand: Errand) -> None:
    """Tell whom it concerns that the session will not take place."""
    tell(errand, handlers.write_cancellation)


@with_outside_calls
def send_expiry(errand: Errand) -> None:
    """Tell the learner that the session was not paid for in time."""
    tell(errand, handlers.write_expiry)


@with_outside_calls
def send_late_payment(errand: Errand) -> None:
    """Tell the learner that money came too late, and where it is."""
    tell(errand, handlers.write_late_payment)


@with_outside_calls
def send_completion(errand: Errand) -> None:
    """Tell the learner until when a problem can be reported."""
    tell(errand, handlers.write_completion)


@with_outside_calls
def send_dispute(errand: Errand) -> None:
    """Tell both people that a problem was reported."""
    tell(errand, handlers.write_dispute)


@with_outside_calls
def send_release(errand: Errand) -> None:
    """Tell the mentor that the money of a session is theirs, or both how a dispute was decided."""
    tell(errand, handlers.write_release)
