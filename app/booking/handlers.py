"""What booking does about money that came, about calendars, and whom it writes to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import alarms, letters, queries, service
from app.booking.events import BookingPaidLate
from app.booking.models import Booking
from app.booking.service.confirm import confirm
from app.booking.service.expire import end_overdue
from app.booking.slots import Span
from app.booking.states import BOOKING, BookingState, BookingStep
from app.calendar import handlers as calendar
from app.calendar.errors import CalendarNotConnected
from app.calendar.service import Meeting
from app.gateways.google.errors import QuotaUsedUp
from app.gateways.mail import Mail
from app.identity import service as identity
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.infra.db import session_scope
from app.mentors import service as mentors
from app.notifications import service as notifications
from app.payments import service as payments
from app.payments.states import OrderState


def apply_payment(session: Session, order_id: UUID) -> None:
    """Confirm the booking of an order when its money is there; take an expired one up again, or mark it paid late.

    Decides by what the booking and the ledger say now, so that it may run twice, late, or for a second payment: a
    booking that is confirmed or cancelled keeps its state, and the money stays in the learner's wallet.
    """
    found = queries.find_by_order(session, order_id)
    if found is None:
        return
    mentors.lock_mentor(session, found.mentor_id)
    identity.lock_person(session, found.learner_id)
    booking = queries.lock_booking(session, found.id)
    if booking.status == BookingState.AWAITING_PAYMENT and payments.is_covered(session, order_id):
        confirm(session, booking)
    elif booking.status == BookingState.EXPIRED:
        _apply_late_money(session, booking)


def _apply_late_money(session: Session, booking: Booking) -> None:
    if _is_free_and_ahead(session, booking) and payments.hold_late_money(session, booking.order_id):
        confirm(session, booking, BookingStep.TAKE_UP_AGAIN)
        return
    booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.MISS)
    outbox.record(session, BookingPaidLate(booking_id=booking.id))
    announce(session, booking.id)


def _is_free_and_ahead(session: Session, booking: Booking) -> bool:
    """Tell whether the time of an expired booking is still to be had; notice and hours were kept when it was booked.

    Free means as free as a slot that is listed: nobody's whose own time to pay is over, and a buffer away from others.
    """
    now, span = business_now(session), Span(booking.starts_at, booking.ends_at)
    if now >= span.starts_at:
        return False
    end_overdue(session, booking.mentor_id, booking.learner_id, span)
    buffer = timedelta(minutes=mentors.schedule_of(session, booking.mentor_id).buffer_minutes)
    padded = Span(span.starts_at - buffer, span.ends_at + buffer)
    taken = queries.busy_of_mentor(session, booking.mentor_id, padded, now)
    return not taken and not queries.busy_of_learner(session, booking.learner_id, span, now)


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


def write_confirmation(session: Session, booking_id: UUID) -> list[Mail]:
    """Return the mails to both people of a confirmed booking; none when it is confirmed no more.

    Notes which change they tell of, so that the link is not mailed twice.
    """
    booking = queries.find_booking(session, booking_id)
    if booking is None or booking.status != BookingState.CONFIRMED:
        return []
    booking.invited_sequence = booking.sequence
    people = identity.get_people(session, (booking.learner_id, booking.mentor_id))
    learner, mentor = people[booking.learner_id], people[booking.mentor_id]
    return [letters.confirmation(booking, learner, mentor), letters.confirmation(booking, mentor, learner)]


def write_meeting_link(session: Session, booking_id: UUID) -> list[Mail]:
    """Return the mails that say where people meet; none where the confirmation said it already.

    Never runs before the confirmation (they wait for each other in the choreography), so what that said is known.
    """
    booking = queries.find_booking(session, booking_id)
    if booking is None or booking.status != BookingState.CONFIRMED or booking.meeting_url is None:
        return []
    if booking.invited_sequence == booking.sequence:
        return []
    people = identity.get_people(session, (booking.learner_id, booking.mentor_id))
    learner, mentor = people[booking.learner_id], people[booking.mentor_id]
    return [letters.meeting_link(booking, learner, mentor), letters.meeting_link(booking, mentor, learner)]


def write_ending(session: Session, booking_id: UUID) -> list[Mail]:
    """Return the mails of a booking that will not take place; its mentor hears of it only after a confirmation."""
    booking = queries.find_booking(session, booking_id)
    if booking is None or BookingState(booking.status) not in letters.ENDINGS:
        return []
    people = identity.get_people(session, (booking.learner_id, booking.mentor_id))
    learner, mentor = people[booking.learner_id], people[booking.mentor_id]
    mails = [letters.ending(booking, learner, mentor)]
    if payments.show_orders(session, [booking.order_id])[booking.order_id].status == OrderState.RETURNED:
        mails.append(letters.ending(booking, mentor, learner))
    return mails


def write_release(session: Session, booking_id: UUID) -> list[Mail]:
    """Return the mail to the mentor of a closed booking; none for a free one."""
    booking = queries.find_booking(session, booking_id)
    if booking is None or not booking.price:
        return []
    people = identity.get_people(session, (booking.learner_id, booking.mentor_id))
    return [letters.release(booking, people[booking.mentor_id], people[booking.learner_id])]
