"""After the session: completed at its end, closed when the window has passed and the mentor is paid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

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


def find_ended(session: Session, limit: int) -> Sequence[UUID]:
    """Return confirmed bookings whose time is over, the oldest first."""
    return queries.ended_ids(session, BookingState.CONFIRMED, before=business_now(session), limit=limit)


def complete(session: Session, booking_id: UUID) -> None:
    """Complete a booking of `find_ended`, unless that was done meanwhile."""
    booking = queries.lock_waiting(session, booking_id, BookingState.CONFIRMED)
    if booking is not None:
        booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.COMPLETE)
        outbox.record(session, BookingCompleted(booking_id=booking.id))
        announce(session, booking.id)


def find_releasable(session: Session, limit: int) -> Sequence[UUID]:
    """Return completed bookings whose window has passed, the oldest first."""
    window = timedelta(hours=settings().escrow_window_hours)
    return queries.ended_ids(session, BookingState.COMPLETED, before=business_now(session) - window, limit=limit)


def release(session: Session, booking_id: UUID) -> None:
    """Release the escrow of a booking of `find_releasable`, unless that was done, or it was disputed, meanwhile."""
    booking = queries.lock_waiting(session, booking_id, BookingState.COMPLETED)
    if booking is not None:
        close(session, booking, BookingStep.CLOSE)


def close(session: Session, booking: Booking, step: BookingStep) -> None:
    """Pay the mentor and close a booking that the caller has locked."""
    booking.status = BOOKING.transition(BookingState(booking.status), step)
    escrow.release(session, booking.id)
    outbox.record(session, EscrowReleased(booking_id=booking.id))
    announce(session, booking.id)
