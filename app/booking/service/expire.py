"""Expire unpaid bookings by the clock: the slot and the held money are free at once, whatever the gateway says."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.events import BookingExpired
from app.booking.models import Booking
from app.booking.service.confirm import confirm
from app.booking.slots import REACH, Span
from app.booking.states import BOOKING, BookingState, BookingStep
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.payments import service as payments


def find_overdue(session: Session, limit: int) -> Sequence[UUID]:
    """Return unpaid bookings past their deadline, the oldest first."""
    return queries.overdue_ids(session, business_now(session), limit)


def expire(session: Session, booking_id: UUID) -> None:
    """End a booking of `find_overdue`, unless that was done meanwhile."""
    booking = queries.lock_waiting(session, booking_id, BookingState.AWAITING_PAYMENT)
    if booking is not None:
        conclude_unpaid(session, booking)


def end_overdue(session: Session, mentor_id: UUID, learner_id: UUID, span: Span, *order_ids: UUID) -> None:
    """End what is past its deadline and in the way of a session: near it for its mentor, anywhere for its learner.

    A booking that nobody paid holds its time, the buffer around it, wallet money and one of the learner's places until
    a sweep has seen it: see it now. Mentor and learner are locked by the caller.

    Every order is locked before the first wallet is, those that the caller will ask for (`order_ids`) too: money that
    comes for the second holds its order, and waits for the wallet that ending the first has locked.
    """
    near = Span(span.starts_at - REACH, span.ends_at + REACH)
    overdue = queries.lock_overdue_of(session, business_now(session), mentor_id, learner_id, near)
    orders = [*order_ids, *(booking.order_id for booking in overdue)]
    if overdue and len(orders) > 1:
        payments.lock_orders(session, orders)
    for booking in overdue:
        conclude_unpaid(session, booking)


def conclude_unpaid(session: Session, booking: Booking) -> None:
    """Confirm a locked booking whose money has come; expire it when it has not, for then it is past its deadline.

    A capture commits before the booking hears of it: in between the order is covered, and expiring it would take a
    slot from somebody who has paid in time. What has begun by now is not confirmed all the same: nobody knew of it,
    so nobody held it, and its mentor must not be paid.
    """
    if payments.is_covered(session, booking.order_id) and business_now(session) < booking.starts_at:
        confirm(session, booking)
    else:
        payments.close_order(session, booking.order_id)
        booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.EXPIRE)
        outbox.record(session, BookingExpired(booking_id=booking.id, order_id=booking.order_id))
    announce(session, booking.id)
