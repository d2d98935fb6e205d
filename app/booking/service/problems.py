"""Problems: the learner reports one before the escrow is released, and support decides whose the money is."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.errors import NoSuchBooking, OwnDispute
from app.booking.events import BookingCancelled, BookingDisputed
from app.booking.service.complete import close
from app.booking.states import BOOKING, BookingState, BookingStep
from app.escrow import service as escrow
from app.infra import outbox
from app.infra.changes import announce


def report_problem(session: Session, learner_id: UUID, booking_id: UUID, reason: str) -> None:
    """Freeze the money of a learner's booking; raise NoSuchBooking, IllegalTransition once it is released."""
    found = queries.find_booking(session, booking_id)
    if found is None or found.learner_id != learner_id:
        raise NoSuchBooking
    booking = queries.lock_booking(session, booking_id)
    booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.REPORT_PROBLEM)
    booking.problem = booking.reason = reason
    escrow.freeze(session, booking.id)
    outbox.record(session, BookingDisputed(booking_id=booking.id))
    announce(session, booking.id)


def resolve(session: Session, actor_id: UUID, booking_id: UUID, *, outcome: str, reason: str) -> None:
    """End a dispute: `release` pays the mentor, `return` gives the money back to the learner.

    Raises NoSuchBooking, OwnDispute to its two people, IllegalTransition when there is no dispute (any more).
    """
    found = queries.find_booking(session, booking_id)
    if found is None:
        raise NoSuchBooking
    if actor_id in (found.learner_id, found.mentor_id):
        raise OwnDispute
    booking = queries.lock_booking(session, booking_id)
    booking.reason = reason
    if outcome == "release":
        close(session, booking, BookingStep.RESOLVE_BY_RELEASE)
        return
    booking.status = BOOKING.transition(BookingState(booking.status), BookingStep.RESOLVE_BY_RETURN)
    booking.cancelled_by = actor_id
    booking.sequence += 1
    escrow.refund(session, booking.id, booking.order_id)
    outbox.record(session, BookingCancelled(booking_id=booking.id, order_id=booking.order_id))
    announce(session, booking.id)
