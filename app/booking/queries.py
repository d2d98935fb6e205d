"""Every SELECT and every lock of bookings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Session

from app.booking.models import Booking
from app.booking.slots import Span
from app.booking.states import ACTIVE, BookingState


def _is_overdue(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    return and_(Booking.status == BookingState.AWAITING_PAYMENT, Booking.expires_at <= now)


# What every booking asks is put together once: it takes SQLAlchemy longer than PostgreSQL needs to answer.
_NOW = bindparam("now", type_=DateTime(timezone=True))
_OF_MENTOR = Booking.mentor_id == bindparam("mentor_id", type_=Uuid())
_OF_LEARNER = Booking.learner_id == bindparam("learner_id", type_=Uuid())
_OVERLAPS = Booking.during.op("&&", is_comparison=True)(bindparam("window", type_=TSTZRANGE))

_BUSY = select(Booking.starts_at, Booking.ends_at).where(Booking.status.in_(ACTIVE), not_(_is_overdue(_NOW)), _OVERLAPS)
_BUSY_OF_MENTOR = _BUSY.where(_OF_MENTOR)
_BUSY_OF_LEARNER = _BUSY.where(_OF_LEARNER)

_OF_ORDER = select(Booking.id, Booking.mentor_id, Booking.learner_id).where(
    Booking.order_id == bindparam("order_id", type_=Uuid())
)

_LOCK_OVERDUE_OF = (
    select(Booking)
    .where(_is_overdue(_NOW), or_(_OF_LEARNER, and_(_OF_MENTOR, _OVERLAPS)))
    .order_by(Booking.learner_id, Booking.id)
    .with_for_update()
    .execution_options(populate_existing=True)
)


def lock_booking(session: Session, booking_id: UUID) -> Booking:
    """Lock a booking and return it as it stands now; after mentor and learner, before its order."""
    query = select(Booking).where(Booking.id == booking_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()


def lock_waiting(session: Session, booking_id: UUID, status: BookingState) -> Booking | None:
    """Lock a booking that is still in this state; None when it is not, or when another sweep has it in hand."""
    query = (
        select(Booking)
        .where(Booking.id == booking_id, Booking.status == status)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).one_or_none()


def overdue_ids(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """Return unpaid bookings past their deadline, the oldest first."""
    return session.scalars(select(Booking.id).where(_is_overdue(now)).order_by(Booking.expires_at).limit(limit)).all()


def ended_ids(session: Session, status: BookingState, *, before: datetime, limit: int) -> Sequence[UUID]:
    """Return bookings in this state whose session ended before an instant, the oldest first."""
    ended = select(Booking.id).where(Booking.status == status, Booking.ends_at <= before)
    return session.scalars(ended.order_by(Booking.ends_at).limit(limit)).all()


def lock_overdue_of(
    session: Session, now: datetime, mentor_id: UUID, learner_id: UUID, near: Span
) -> Sequence[Booking]:
    """Lock the unpaid bookings past their deadline that are the learner's, or the mentor's and near a time.

    By learner, so that two who end bookings of the same people lock their wallets in the same order.
    """
    parameters = {"now": now, "mentor_id": mentor_id, "learner_id": learner_id, "window": _range(near)}
    return session.scalars(_LOCK_OVERDUE_OF, parameters).all()


def find_booking(session: Session, booking_id: UUID) -> Booking | None:
    """Return a booking without locking it, as this transaction has read or changed it last."""
    return session.get(Booking, booking_id)


def find_by_order(session: Session, order_id: UUID) -> Row[UUID, UUID, UUID] | None:
    """Return id, mentor_id and learner_id of the booking that an order pays for: what never changes of it."""
    return session.execute(_OF_ORDER, {"order_id": order_id}).one_or_none()


def busy_of_mentor(session: Session, mentor_id: UUID, window: Span, now: datetime) -> list[Span]:
    """Return the times of the mentor's active sessions that touch a window; none that are unpaid past their deadline.

    Those are over by the clock, whether a sweep has seen them or not: whoever wants their time ends them first.
    """
    return _spans(session, _BUSY_OF_MENTOR, {"mentor_id": mentor_id, "window": _range(window), "now": now})


def busy_of_learner(session: Session, learner_id: UUID, window: Span, now: datetime) -> list[Span]:
    """Return the times of the learner's active sessions that touch a window, as above."""
    return _spans(session, _BUSY_OF_LEARNER, {"learner_id": learner_id, "window": _range(window), "now": now})


def count_unpaid(session: Session, learner_id: UUID) -> int:
    """Return how many bookings of a learner wait for payment."""
    query = select(func.count()).where(
        Booking.learner_id == learner_id, Booking.status == BookingState.AWAITING_PAYMENT
    )
    return session.execute(query).scalar_one()


def list_bookings(
    session: Session,
    whose: ColumnElement[bool],
    *,
    status: str | None,
    when: str | None,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Booking]:
    """Return a person's bookings: upcoming soonest first, past and all latest first."""
    query = select(Booking).where(whose).limit(limit)
    if status:
        query = query.where(Booking.status == status)
    position = func.row(Booking.starts_at, Booking.id)
    if when == "upcoming":
        query = query.where(Booking.ends_at > now).order_by(Booking.starts_at, Booking.id)
        beyond = position > func.row(*after) if after else None
    else:
        query = query.order_by(Booking.starts_at.desc(), Booking.id.desc())
        beyond = position < func.row(*after) if after else None
        if when == "past":
            query = query.where(Booking.ends_at <= now)
    return session.scalars(query if beyond is None else query.where(beyond)).all()


def without_meeting(session: Session, mentor_id: UUID, now: datetime) -> Sequence[UUID]:
    """Return the confirmed bookings of a mentor that are not over and have no link, soonest first."""
    query = (
        select(Booking.id)
        .where(Booking.mentor_id == mentor_id, Booking.status == BookingState.CONFIRMED)
        .where(Booking.ends_at > now, Booking.meeting_url.is_(None))
        .order_by(Booking.starts_at)
    )
    return session.scalars(query).all()


def cancelled_with_meeting(session: Session, mentor_id: UUID, now: datetime) -> Sequence[UUID]:
    """Return the cancelled bookings of a mentor whose time is not over and that had a link."""
    query = (
        select(Booking.id)
        .where(Booking.mentor_id == mentor_id, Booking.status == BookingState.CANCELLED)
        .where(Booking.ends_at > now, Booking.meeting_url.is_not(None))
        .order_by(Booking.starts_at)
    )
    return session.scalars(query).all()


def of_learner(user_id: UUID) -> ColumnElement[bool]:
    """Narrow to the bookings that a user made."""
    return Booking.learner_id == user_id


def of_mentor(user_id: UUID) -> ColumnElement[bool]:
    """Narrow to the bookings that were made with a user."""
    return Booking.mentor_id == user_id


def _spans(session: Session, query: Select[datetime, datetime], parameters: dict[str, object]) -> list[Span]:
    return [Span(starts_at, ends_at) for starts_at, ends_at in session.execute(query, parameters)]


def _range(span: Span) -> Range[datetime]:
    return Range(span.starts_at, span.ends_at)
