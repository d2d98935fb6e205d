"""Cancel a booking: before payment at any time, afterwards within the notice; the money goes back in full."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.errors import NoSuchBooking, TooLateToCancel
from app.booking.events import BookingCancelled
from app.booking.models import Booking
from app.booking.service.confirm import confirm
from app.booking.states import BOOKING, BookingState, BookingStep
from app.escrow import service as escrow
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.infra.config import settings
from app.payments import service as payments


def cancel(session: Session, actor_id: UUID, booking_id: UUID, reason: str) -> None:
    """Cancel a booking of the actor's; raise NoSuchBooking, TooLateToCancel, IllegalTransition."""
    found = queries.find_booking(session, booking_id)
    if found is None or actor_id not in (found.mentor_id, found.learner_id):
        raise NoSuchBooking
    booking = queries.lock_booking(session, booking_id)
    if booking.status == BookingState.AWAITING_PAYMENT and payments.is_covered(session, booking.order_id):
        confirm(session, booking)  # the money came a moment ago: the rules of a paid booking hold
    before = booking.status
    after = BOOKING.transition(BookingState(before), BookingStep.CANCEL)
    if before == BookingState.CONFIRMED:
        _check_notice(session, booking, actor_id)
        escrow.refund(session, booking.id, booking.order_id)
    else:
        payments.close_order(session, booking.order_id)
    booking.status, booking.cancelled_by, booking.reason = after, actor_id, reason
    booking.sequence += 1
    outbox.record(session, BookingCancelled(booking_id=booking.id, order_id=booking.order_id))
    announce(session, booking.id)


def _check_notice(session: Session, booking: Booking, actor_id: UUID) -> None:
    notice = timedelta(hours=settings().cancel_notice_hours if actor_id == booking.learner_id else 0)
    if business_now(session) >= booking.starts_at - notice:
        raise TooLateToCancel(f"It had to be cancelled before {booking.starts_at - notice:%Y-%m-%d %H:%M} UTC.")
