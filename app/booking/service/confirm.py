"""Confirm a booking whose order is covered."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.booking.events import BookingConfirmed
from app.booking.models import Booking
from app.booking.states import BOOKING, BookingState, BookingStep
from app.escrow import service as escrow
from app.infra import outbox


def confirm(session: Session, booking: Booking, step: BookingStep = BookingStep.CONFIRM) -> None:
    """Fund the escrow out of what is held for the order and confirm.

    The booking is locked by the caller, who announces it too: of a new one nobody can know yet, let alone wait for it.
    """
    booking.status = BOOKING.transition(BookingState(booking.status), step)
    escrow.fund(
        session,
        booking.id,
        booking.order_id,
        payer_id=booking.learner_id,
        mentor_id=booking.mentor_id,
        fee_basis_points=booking.fee_basis_points,
    )
    outbox.record(session, BookingConfirmed(booking_id=booking.id))
