"""When a mentor is open: weekly hours in local time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.kernel.zones import canonical
from app.mentors import queries
from app.mentors.models import Mentor
from app.mentors.rules import Schedule, WeeklyRule, check_rules
from app.mentors.service.profiles import known, locked


@dataclass(frozen=True)
class Availability:
    """Weekly hours, in the order of the week, in the local time of an IANA zone."""

    timezone: str
    rules: tuple[WeeklyRule, ...]


def get_availability(session: Session, mentor_id: UUID) -> Availability:
    """Return the weekly hours; raise MentorNotFound."""
    return Availability(known(session, mentor_id).timezone, _rules(session, mentor_id))


def set_availability(session: Session, mentor_id: UUID, timezone: str, rules: Sequence[WeeklyRule]) -> Availability:
    """Replace the weekly hours; sessions booked before stay. Raises MentorNotFound, UnknownZone, RulesRefused.

    Under the mentor's lock: of two requests at once the later one's rules stand whole, never a mixture.
    """
    check_rules(rules)
    mentor = locked(session, mentor_id)
    mentor.timezone = canonical(timezone)
    queries.replace_rules(session, mentor_id, [(rule.weekday, rule.start, rule.end) for rule in rules])
    return Availability(mentor.timezone, tuple(sorted(rules)))


def schedule_of(session: Session, mentor_id: UUID) -> Schedule:
    """Return all that the mentor says about when sessions may be; raise MentorNotFound."""
    return schedule(session, known(session, mentor_id))


def schedule(session: Session, mentor: Mentor) -> Schedule:
    """Return all that a mentor's row and rules say about when sessions may be."""
    return Schedule(
        mentor_id=mentor.id,
        timezone=mentor.timezone,
        rules=_rules(session, mentor.id),
        buffer_minutes=mentor.buffer_minutes,
        min_notice_minutes=mentor.min_notice_minutes,
        horizon_days=mentor.horizon_days,
        accepting=mentor.accepting_bookings,
    )


def _rules(session: Session, mentor_id: UUID) -> tuple[WeeklyRule, ...]:
    return tuple(WeeklyRule(*row) for row in queries.rules_of(session, mentor_id))
