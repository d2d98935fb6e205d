"""Every SELECT and every lock of the mentors room."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from app.mentors.models import AvailabilityRule, Mentor, Offering

# What every booking asks is put together once: it takes SQLAlchemy longer than PostgreSQL needs to answer.
_OF_OFFERING = select(Offering.mentor_id).where(Offering.id == bindparam("offering_id", type_=Uuid()))
_LOCK_MENTOR_OF = (
    select(Mentor)
    .where(Mentor.id == _OF_OFFERING.scalar_subquery())
    .with_for_update()
    .execution_options(populate_existing=True)
)
_HOURS = (AvailabilityRule.weekday, AvailabilityRule.start_minute, AvailabilityRule.end_minute)
_RULES = select(*_HOURS).where(AvailabilityRule.mentor_id == bindparam("mentor_id", type_=Uuid())).order_by(*_HOURS)


def find_mentor(session: Session, mentor_id: UUID) -> Mentor | None:
    """Return the mentor as this transaction sees it."""
    return session.get(Mentor, mentor_id)


def lock_mentor(session: Session, mentor_id: UUID) -> Mentor | None:
    """Lock the mentor's row until the transaction ends, and return it as it is now, not as it was read before."""
    locked = select(Mentor).where(Mentor.id == mentor_id).with_for_update()
    return session.scalar(locked.execution_options(populate_existing=True))


def lock_mentor_of(session: Session, offering_id: UUID) -> Mentor | None:
    """Lock the mentor of an offering, which never changes hands, and return the row as it is now."""
    return session.scalar(_LOCK_MENTOR_OF, {"offering_id": offering_id})


def search_mentors(
    session: Session, *, words: Sequence[str], skill: str | None, after: UUID | None, limit: int
) -> Sequence[Mentor]:
    """Return mentors, newest users first, in whose headline, bio or skills every word stands."""
    found = select(Mentor).order_by(Mentor.id.desc()).limit(limit)
    for word in words:
        texts = (Mentor.headline, Mentor.bio, func.array_to_string(Mentor.skills, " "))
        found = found.where(or_(*(text.icontains(word, autoescape=True) for text in texts)))
    if skill is not None:
        found = found.where(Mentor.skills.contains([skill]))
    if after is not None:
        found = found.where(Mentor.id < after)
    return session.scalars(found).all()


def find_offering(session: Session, offering_id: UUID) -> Offering | None:
    """Return the offering, active or retired, as it is now, not as it was read before a lock was waited for."""
    return session.get(Offering, offering_id, populate_existing=True)


def own_offering(session: Session, mentor_id: UUID, offering_id: UUID) -> Offering | None:
    """Return the offering if it is this mentor's, as it is now; call it under the mentor's lock."""
    own = select(Offering).where(Offering.id == offering_id, Offering.mentor_id == mentor_id)
    return session.scalar(own.execution_options(populate_existing=True))


def active_offerings(session: Session, mentor_id: UUID, *, after: UUID | None, limit: int) -> Sequence[Offering]:
    """Return what the mentor offers now, oldest first."""
    found = select(Offering).where(Offering.mentor_id == mentor_id, Offering.active).order_by(Offering.id).limit(limit)
    if after is not None:
        found = found.where(Offering.id > after)
    return session.scalars(found).all()


def rules_of(session: Session, mentor_id: UUID) -> Sequence[tuple[int, int, int]]:
    """Return the weekly hours as (weekday, start, end), in the order of the week.

    Columns, not rows of the model: those would be remembered, and be old after the lock was waited for.
    """
    found = session.execute(_RULES, {"mentor_id": mentor_id})
    return [(weekday, start, end) for weekday, start, end in found]


def replace_rules(session: Session, mentor_id: UUID, rules: Sequence[tuple[int, int, int]]) -> None:
    """Put these weekly hours (weekday, start, end) in place of all others; call it under the mentor's lock."""
    session.execute(delete(AvailabilityRule).where(AvailabilityRule.mentor_id == mentor_id))
    if rules:
        rows = [
            {"mentor_id": mentor_id, "weekday": weekday, "start_minute": start, "end_minute": end}
            for weekday, start, end in rules
        ]
        session.execute(insert(AvailabilityRule), rows)
