"""Book a slot: check it, hold it, take the wallet's part, and ask a gateway for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.booking import queries, slots
from app.booking.errors import (
    LearnerBusy,
    MentorNotAccepting,
    OwnSession,
    SlotNotOffered,
    SlotTaken,
    TooManyUnpaid,
)
from app.booking.models import Booking
from app.booking.service.confirm import confirm
from app.booking.service.expire import end_overdue
from app.booking.slots import REACH, Reason, Span
from app.booking.states import BookingState
from app.identity import service as identity
from app.infra import db
from app.infra.clock import business_now
from app.infra.config import settings
from app.kernel.errors import Refusal
from app.kernel.ids import new_id
from app.mentors import service as mentors
from app.payments import service as payments

REFUSALS: dict[Reason, type[Refusal]] = {Reason.TAKEN: SlotTaken, Reason.NOT_ACCEPTING: MentorNotAccepting}

#: What the walls in the database say when everything above them failed.
WALLS: dict[str, type[Refusal]] = {"ex_booking_mentor": SlotTaken, "ex_booking_learner": LearnerBusy}


def book(session: Session, learner_id: UUID, offering_id: UUID, starts_at: datetime, note: str) -> UUID:
    """Book a session and return its id: confirmed where the wallet covers it, else awaiting payment.

    Raises OfferingNotFound, OwnSession, MentorNotAccepting, SlotNotOffered, SlotTaken, LearnerBusy, TooManyUnpaid,
    InsufficientFunds. Locks: mentor, learner, then what is to the right of them.
    """
    offering, schedule = _lock_and_read(session, learner_id, offering_id)
    span = Span(starts_at, starts_at + timedelta(minutes=offering.duration_minutes))
    end_overdue(session, offering.mentor_id, learner_id, span)
    _check_mentor(session, schedule, offering.duration_minutes, starts_at)
    _check_learner(session, learner_id, span)
    booking, is_covered = _place(session, learner_id, offering, span, note)
    with _walls():
        if is_covered:
            confirm(session, booking)
        session.flush()
    if not is_covered and queries.count_unpaid(session, learner_id) > settings().max_unpaid_bookings:
        raise TooManyUnpaid
    return booking.id


def _lock_and_read(
    session: Session, learner_id: UUID, offering_id: UUID
) -> tuple[mentors.OfferingView, mentors.Schedule]:
    """Lock the mentor, then the learner; return offering and schedule as they are under the lock, price included."""
    offering, schedule = mentors.lock_offering(session, offering_id)
    if offering.mentor_id == learner_id:
        raise OwnSession
    if not offering.active:
        raise SlotNotOffered("This offering is retired: choose another one.")
    identity.lock_person(session, learner_id)
    return offering, schedule


def _check_mentor(session: Session, schedule: mentors.Schedule, duration_minutes: int, starts_at: datetime) -> None:
    """Refuse a start that the mentor's slots do not list; the mentor is locked by the caller."""
    now = business_now(session)
    busy = queries.busy_of_mentor(session, schedule.mentor_id, Span(starts_at - REACH, starts_at + REACH), now)
    reason = slots.refusal(schedule, duration_minutes, busy, now, starts_at)
    if reason is not None:
        raise REFUSALS.get(reason, SlotNotOffered)


def _check_learner(session: Session, learner_id: UUID, span: Span) -> None:
    """Refuse a learner who has another session at the time; the learner is locked by the caller."""
    if queries.busy_of_learner(session, learner_id, span, business_now(session)):
        raise LearnerBusy


def _place(
    session: Session, learner_id: UUID, offering: mentors.OfferingView, span: Span, note: str
) -> tuple[Booking, bool]:
    """Place the order, add the booking, and tell whether the wallet covers it.

    The booking is written by what follows, in the state that it then has: its many indexes are written once.
    """
    now = business_now(session)
    deadline = min(now + timedelta(minutes=settings().pay_link_minutes), span.starts_at)
    order = payments.place_order(
        session, learner_id, offering.price, description=f"Session: {offering.title}"[:200], deadline=deadline
    )
    booking = Booking(
        id=new_id(), mentor_id=offering.mentor_id, learner_id=learner_id, offering_id=offering.id, order_id=order.id,
        title=offering.title, duration_minutes=offering.duration_minutes, starts_at=span.starts_at,
        ends_at=span.ends_at, status=BookingState.AWAITING_PAYMENT, note=note, price=offering.price,
        fee_basis_points=settings().platform_fee_basis_points, expires_at=deadline, created_at=now,
    )  # fmt: skip
    session.add(booking)
    return booking, order.is_covered


@contextmanager
def _walls() -> Iterator[None]:
    """Turn what the walls in the database say into the refusal that the checks above them would have given."""
    try:
        yield
    except IntegrityError as error:
        if db.constraint(error) in WALLS:
            raise WALLS[db.constraint(error)] from error
        raise
