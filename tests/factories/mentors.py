"""Mentors for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.kernel.money import Money
from app.mentors import service
from app.mentors.service import OfferingView, WeeklyRule
from tests.factories.identity import MadeUser, make_user

OFFICE_HOURS = tuple(WeeklyRule(weekday, 9 * 60, 17 * 60) for weekday in range(7))


def make_mentor(
    session: Session,
    *,
    name: str = "Mounir Trabelsi",
    timezone: str = "Africa/Tunis",
    headline: str = "Databases",
    bio: str = "Twenty years of them.",
    skills: Sequence[str] = ("postgres", "sql"),
    rules: Sequence[WeeklyRule] = OFFICE_HOURS,
    **settings: Any,
) -> MadeUser:
    """Make a mentor, open from nine to five every day unless told otherwise; `settings` as in PATCH /mentors/me."""
    user = make_user(session, name=name, timezone=timezone)
    service.become_mentor(session, user.id, headline=headline, bio=bio, skills=skills)
    service.change_mentor(session, user.id, settings)
    service.set_availability(session, user.id, timezone, rules)
    return user


def make_offering(
    session: Session,
    mentor: MadeUser,
    *,
    title: str = "One hour",
    duration_minutes: int = 60,
    price: Money = Money(45_000, "TND"),  # noqa: B008 - a frozen value
) -> OfferingView:
    """Make an offering of this mentor."""
    return service.create_offering(
        session, mentor.id, title=title, description="Ask me anything.", duration_minutes=duration_minutes, price=price
    )
