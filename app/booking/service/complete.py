"""After the session: completed at its end, closed when the window has passed and the mentor is paid."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.events import BookingCompleted, EscrowReleased
from app.booking.models import Booking
from app.booking.states import BOOKING, BookingState, BookingStep
from app.escrow import service as escrow
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.infra.config import settings


def complete_one(session: Session) -> bool:
    """Complete one confirmed booking whose time is over; False when there is none."""
    booking = queries.lock_ended(session, BookingState.CONFIRMED, before=business_now(session))
    if booking is None:
        return False
    booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.COMPLETE)
    outbox.record(session, BookingCompleted(booking_id=booking.id))
    announce(session, booking.id)
    return True


def release_one(session: Session) -> bool:
    """Release the escrow of one completed booking whose window has passed; False when there is none."""
    window = timedelta(hours=settings().escrow_window_hours)
    booking = queries.lock_ended(session, BookingState.COMPLETED, before=business_now(session) - window)
    if booking is None:
        return False
    close(session, booking, BookingStep.CLOSE)
    return True


def close(session: Session, booking: Booking, step: BookingStep) -> None:
    """Pay the mentor and close a booking that the caller has locked."""
    booking.status = BOOKING.transition(BookingState(booking.status), step)
    escrow.release(session, booking.id)
    outbox.record(session, EscrowReleased(booking_id=booking.id))
    announce(session, booking.id)
