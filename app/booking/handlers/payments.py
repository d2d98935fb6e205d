"""What money that came means for its booking."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.events import BookingPaidLate, LateMoneyKept
from app.booking.models import Booking
from app.booking.service.confirm import confirm
from app.booking.service.expire import conclude_unpaid, end_overdue
from app.booking.slots import Span
from app.booking.states import BOOKING, BookingState, BookingStep
from app.identity import service as identity
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.mentors import service as mentors
from app.payments import service as payments
from app.payments.events import PaymentCaptured, PaymentCapturedLate


def apply_payment(session: Session, event: PaymentCaptured | PaymentCapturedLate) -> None:
    """Confirm the booking of an order when its money is there; take an expired one up again, or mark it paid late.

    Decides by what the booking and the ledger say now, so that it may run twice, late, or for a second payment: a
    booking that is confirmed or cancelled keeps its state, the money stays in the learner's wallet, and they are told.
    """
    found = queries.find_by_order(session, event.order_id)
    if found is None:
        return
    mentors.lock_mentor(session, found.mentor_id)
    identity.lock_person(session, found.learner_id)
    booking = queries.lock_booking(session, found.id)
    if booking.status == BookingState.AWAITING_PAYMENT and payments.is_covered(session, event.order_id):
        conclude_unpaid(session, booking)  # expires it if it should have begun by now
        if booking.status == BookingState.CONFIRMED:
            return
    if booking.status == BookingState.EXPIRED:
        _apply_late_money(session, booking, event)
    elif isinstance(event, PaymentCapturedLate):
        outbox.record(session, LateMoneyKept(booking_id=booking.id, payment_id=event.payment_id))


def _apply_late_money(session: Session, booking: Booking, event: PaymentCaptured | PaymentCapturedLate) -> None:
    if _is_free_and_ahead(session, booking) and payments.hold_late_money(session, booking.order_id):
        confirm(session, booking, BookingStep.TAKE_UP_AGAIN)
    else:
        booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.MISS)
        outbox.record(session, BookingPaidLate(booking_id=booking.id, payment_id=event.payment_id))
    announce(session, booking.id)


def _is_free_and_ahead(session: Session, booking: Booking) -> bool:
    """Tell whether the time of an expired booking is still to be had; notice and hours were kept when it was booked.

    Free means as free as a slot that is listed: nobody's whose own time to pay is over, and a buffer away from others.
    """
    now, span = business_now(session), Span(booking.starts_at, booking.ends_at)
    if now >= span.starts_at:
        return False
    end_overdue(session, booking.mentor_id, booking.learner_id, span, booking.order_id)
    buffer = timedelta(minutes=mentors.schedule_of(session, booking.mentor_id).buffer_minutes)
    padded = Span(span.starts_at - buffer, span.ends_at + buffer)
    taken = queries.busy_of_mentor(session, booking.mentor_id, padded, now)
    return not taken and not queries.busy_of_learner(session, booking.learner_id, span, now)
