"""Becoming a mentor, and what is said of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.identity import service as identity
from app.identity.service import Person
from app.identity.states import Role
from app.infra.config import settings
from app.kernel.clock import wall_now
from app.mentors import queries
from app.mentors.errors import AlreadyMentor, MentorNotFound
from app.mentors.models import Mentor
from app.mentors.rules import check_reach, normal_skill, normal_skills


@dataclass(frozen=True)
class MentorView:
    """A mentor as everybody may see one. `timezone` is where the person lives, an IANA name."""

    id: UUID
    name: str
    picture_url: str | None
    headline: str
    bio: str
    skills: tuple[str, ...]
    timezone: str
    accepting_bookings: bool
    buffer_minutes: int
    min_notice_minutes: int
    horizon_days: int


def become_mentor(session: Session, user_id: UUID, *, headline: str, bio: str, skills: Sequence[str]) -> MentorView:
    """Make the user a mentor with the default settings and no hours yet; raise AlreadyMentor, UserNotFound.

    Of two requests at once the primary key lets one through, and the other waits for it and is refused.
    """
    person = identity.get_person(session, user_id)
    row = {
        "id": user_id, "headline": headline, "bio": bio, "skills": normal_skills(skills), "timezone": person.timezone,
        "accepting_bookings": True, "buffer_minutes": 0, "min_notice_minutes": settings().minimum_notice_minutes,
        "horizon_days": settings().horizon_days, "created_at": wall_now(),
    }  # fmt: skip
    made = session.scalar(insert(Mentor).values(row).on_conflict_do_nothing().returning(Mentor))
    if made is None:
        raise AlreadyMentor
    identity.add_role(session, user_id, Role.MENTOR)
    return _view(made, person)


def change_mentor(session: Session, mentor_id: UUID, changes: Mapping[str, Any]) -> MentorView:
    """Set what is given of headline, bio, skills and the settings for bookings; raise MentorNotFound, InvalidInput."""
    mentor = locked(session, mentor_id)
    for name, value in changes.items():
        setattr(mentor, name, normal_skills(value) if name == "skills" else value)
    check_reach(mentor.min_notice_minutes, mentor.horizon_days)
    session.flush()
    return _view(mentor, identity.get_person(session, mentor_id))


def get_mentor(session: Session, mentor_id: UUID) -> MentorView:
    """Return one mentor; raise MentorNotFound."""
    return _view(known(session, mentor_id), identity.get_person(session, mentor_id))


def list_mentors(
    session: Session, *, q: str = "", skill: str = "", after: UUID | None = None, limit: int
) -> list[MentorView]:
    """Return mentors after this one, newest users first, who know the skill and whose texts hold every word of q."""
    wanted = normal_skill(skill) or None
    found = queries.search_mentors(session, words=q.split(), skill=wanted, after=after, limit=limit)
    people = identity.get_people(session, [mentor.id for mentor in found])
    return [_view(mentor, people[mentor.id]) for mentor in found]


def known(session: Session, mentor_id: UUID) -> Mentor:
    """Return the mentor's row; raise MentorNotFound."""
    mentor = queries.find_mentor(session, mentor_id)
    if mentor is None:
        raise MentorNotFound
    return mentor


def locked(session: Session, mentor_id: UUID) -> Mentor:
    """Return the mentor's row, locked; raise MentorNotFound."""
    mentor = queries.lock_mentor(session, mentor_id)
    if mentor is None:
        raise MentorNotFound
    return mentor


def _view(mentor: Mentor, person: Person) -> MentorView:
    return MentorView(
        id=mentor.id,
        name=person.name,
        picture_url=person.picture_url,
        headline=mentor.headline,
        bio=mentor.bio,
        skills=tuple(mentor.skills),
        timezone=person.timezone,
        accepting_bookings=mentor.accepting_bookings,
        buffer_minutes=mentor.buffer_minutes,
        min_notice_minutes=mentor.min_notice_minutes,
        horizon_days=mentor.horizon_days,
    )
