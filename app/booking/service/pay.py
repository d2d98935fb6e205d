"""A new pay link for a booking whose last attempt has ended."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.errors import NoSuchBooking
from app.payments import service as payments


def open_new_payment(session: Session, learner_id: UUID, booking_id: UUID) -> UUID:
    """Open a new attempt and return its id; raise NoSuchBooking, OrderNotOpen, PaymentStillOpen."""
    found = queries.find_booking(session, booking_id)
    if found is None or found.learner_id != learner_id:
        raise NoSuchBooking
    booking = queries.lock_booking(session, booking_id)
    return payments.open_payment(session, booking.order_id)
