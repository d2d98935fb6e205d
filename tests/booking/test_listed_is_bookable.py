"""What GET /mentors/{id}/slots lists can be booked, and what it does not list cannot, whatever has happened before."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.booking import service
from app.infra.db import session_scope
from app.kernel.errors import Refusal
from app.mentors.service import OfferingView, WeeklyRule
from tests.booking.world import HOUR, World
from tests.factories.identity import MadeUser

DAYS = 3
PLACES = ["Africa/Tunis", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns"]


class Undone(Exception):
    """What was tried is not to stay."""


def refused(session: Session, learner: MadeUser, offering: OfferingView, starts_at: datetime) -> str | None:
    """Tell why a session cannot be booked at an instant, None when it can; nothing stays of it."""
    try:
        with suppress(Undone), session.begin_nested():
            service.book(session, learner.id, offering.id, starts_at, "")
            raise Undone
    except Refusal as refusal:
        return refusal.code
    return None


def eventful(world: World, chance: random.Random) -> OfferingView:
    """Have a mentor with odd hours, some of whose sessions are paid, unpaid, overdue or cancelled."""
    hours = [
        WeeklyRule(day, start, start + chance.choice([130, 300, 475]))
        for day in range(7)
        for start in (chance.randrange(0, 480, 5), 960)
    ]
    mentor = world.mentor(
        rules=hours,
        timezone=chance.choice(PLACES),
        buffer_minutes=chance.choice([0, 10, 30]),
        min_notice_minutes=chance.choice([0, 60, 300]),
        horizon_days=chance.choice([2, 3, 60]),
    )
    offerings = [world.offer(mentor, minutes=minutes) for minutes in chance.sample([25, 30, 45, 60, 90], 2)]
    for ending in ("cancelled", "paid", "overdue", "unpaid"):
        for offering in offerings:
            learner = world.person(money=45_000 if ending == "paid" else 0)
            if slots := world.slots(offering, DAYS):
                booking = world.booked(learner, offering, chance.choice(slots))
                if ending == "cancelled":
                    world.cancel(learner, booking)
        if ending in {"overdue", "unpaid"}:
            world.pass_time_asleep(timedelta(minutes=8))  # twice: the first are past their quarter of an hour
    return offerings[0]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_listed_can_be_booked_and_what_is_not_listed_cannot(world: World, seed: int) -> None:
    chance = random.Random(seed)
    offering, learner = eventful(world, chance), world.person()
    begin = world.now().replace(minute=0, second=0, microsecond=0)
    end = begin + timedelta(days=DAYS)

    with session_scope() as session:  # in one transaction, in which business time stands still
        listed = {
            slot.starts_at
            for n in range(24 * DAYS)  # in short windows: what lies beyond their ends counts as well
            for slot in service.list_slots(
                session, offering.mentor_id, offering.id, begin + n * HOUR, begin + (n + 1) * HOUR
            )
        }
        booked = set(session.scalars(text("SELECT starts_at FROM booking")))
        near = {at + timedelta(minutes=n * offering.duration_minutes) for at in listed | booked for n in (-1, 0, 1)}
        anywhere = {begin + timedelta(minutes=45 * n) for n in range(32 * DAYS)}
        tried = {start for start in listed | near | anywhere if begin <= start < end}
        reasons = {start: refused(session, learner, offering, start) for start in sorted(tried)}

    assert {start for start, reason in reasons.items() if reason is None} == listed
    assert len(listed) > 5, "hardly anything is offered: the hours are no test"
    assert set(reasons.values()) - {None} <= {"slot_not_offered", "slot_taken"}
