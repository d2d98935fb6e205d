"""Where people meet: decided here, done by the room of calendars. A booking stays confirmed whatever becomes of it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.errors import MentorDataMissing
from app.booking.events import MeetingArranged, MeetingUnwanted, MeetingWanted
from app.booking.states import BookingState
from app.calendar.service import Meeting
from app.identity import service as identity
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.payments import service as payments
from app.payments.states import OrderState


def prepare_meeting(session: Session, booking_id: UUID) -> Meeting | None:
    """Return what to put into the mentor's calendar; None where nothing is to be arranged any more.

    Raises MentorDataMissing.
    """
    booking = queries.find_booking(session, booking_id)
    if booking is None or booking.status != BookingState.CONFIRMED or booking.meeting_url is not None:
        return None
    if business_now(session) >= booking.ends_at:
        return None
    people = identity.get_people(session, (booking.mentor_id, booking.learner_id))
    if booking.mentor_id not in people or booking.learner_id not in people:
        raise MentorDataMissing(f"the people of booking {booking.id} are not known")
    return Meeting(
        session_id=booking.id,
        owner_id=booking.mentor_id,
        summary=f"{booking.title}: {people[booking.learner_id].name}",
        description=booking.note,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
    )


def record_meeting(session: Session, booking_id: UUID, link: str) -> None:
    """Show where people meet. One that was cancelled meanwhile keeps its end: its event is taken out after this."""
    booking = queries.lock_booking(session, booking_id)
    if booking.status != BookingState.CONFIRMED:
        return
    booking.meeting_url = link
    booking.sequence += 1
    outbox.record(session, MeetingArranged(booking_id=booking.id))
    announce(session, booking.id)


def owner_of_cancelled(session: Session, booking_id: UUID) -> UUID | None:
    """Return in whose calendar a session may stand that does not take place; None where it cannot, or does.

    Only what was confirmed can stand in a calendar; money, or the nothing that a free session costs, went back then.
    """
    booking = queries.find_booking(session, booking_id)
    if booking is None or booking.status != BookingState.CANCELLED:
        return None
    order = payments.show_orders(session, [booking.order_id])[booking.order_id]
    return booking.mentor_id if order.status == OrderState.RETURNED else None


def catch_up_with_calendar(session: Session, mentor_id: UUID) -> None:
    """Have links arranged for the sessions ahead that have none: the mentor has connected a calendar just now.

    What was cancelled meanwhile may still stand in it, where it is connected again: that is taken out.
    """
    now = business_now(session)
    missing = [MeetingWanted(booking_id=one) for one in queries.without_meeting(session, mentor_id, now)]
    stale = [MeetingUnwanted(booking_id=one) for one in queries.cancelled_with_meeting(session, mentor_id, now)]
    outbox.record(session, *missing, *stale)
