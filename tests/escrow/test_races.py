"""Many hands on one escrow: it is released once, or returned once, and never both."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from app.booking import service
from app.infra.db import session_scope
from tasks import maintenance
from tests.booking.conftest import Configure
from tests.booking.racing import at_once, tally, while_it_waits
from tests.booking.world import HOUR, World, read, refusal

WINDOW = 24 * HOUR
SWEEPS = 8
SESSIONS = 5


@pytest.fixture
def wide(world: World, configure: Configure) -> World:
    """Return the world with a connection for everybody in a crowd."""
    configure(DATABASE_POOL_SIZE=20)
    maintenance.app.finalize()  # Celery binds its tasks at first use, and not for two threads at once
    return world


def confirmed(world: World, count: int = SESSIONS):
    """Have some paid sessions: (learner, mentor, booking) each, the last one's end first in nobody's order."""
    made = []
    for _ in range(count):
        mentor, learner = world.mentor(), world.person(money=45_000)
        made.append((learner, mentor, world.booked(learner, world.offer(mentor))))
    return made


def last_end(sessions) -> str:
    return max(booking["ends_at"] for *_, booking in sessions)


def test_eight_sweeps_at_once_complete_and_release_each_session_once(wide: World) -> None:
    sessions = confirmed(wide)
    wide.pass_time_asleep(read(last_end(sessions)) - wide.now() + WINDOW + HOUR)

    at_once([maintenance.complete_bookings] * SWEEPS)
    at_once([maintenance.release_escrows] * SWEEPS)

    for learner, mentor, booking in sessions:
        assert wide.booking(learner, booking)["status"] == "closed"
        assert wide.wallet(mentor) == (38_250, 0, 38_250)
    assert (wide.events("BookingCompleted"), wide.events("EscrowReleased")) == (SESSIONS, SESSIONS)


def test_a_report_and_a_release_at_once_freeze_or_pay_and_never_both(wide: World) -> None:
    sessions = confirmed(wide)
    wide.pass_until(last_end(sessions))
    wide.pass_time_asleep(WINDOW)

    answers = at_once([
        *(partial(wide.report, learner, booking) for learner, _, booking in sessions),
        *[maintenance.release_escrows] * 3,
    ])[:SESSIONS]  # fmt: skip

    for (learner, mentor, booking), answer in zip(sessions, answers, strict=True):
        escrow = wide.booking(learner, booking)["escrow"]["status"]
        assert (answer.status_code, escrow, wide.wallet(mentor)[0]) in {(200, "frozen", 0), (409, "released", 38_250)}


def test_a_report_that_waits_for_a_release_comes_too_late(wide: World, owner: psycopg.Connection) -> None:
    ((learner, mentor, booking),) = confirmed(wide, 1)
    wide.pass_until(booking["ends_at"])
    wide.pass_time_asleep(WINDOW)

    answer = while_it_waits(
        lambda session: service.release(session, UUID(booking["id"])), partial(wide.report, learner, booking), owner
    )

    assert refusal(answer) == (409, "illegal_transition")
    assert (wide.booking(learner, booking)["escrow"]["status"], wide.wallet(mentor)[0]) == ("released", 38_250)


def test_a_release_passes_over_a_session_that_is_being_reported(wide: World) -> None:
    ((learner, mentor, booking),) = confirmed(wide, 1)
    wide.pass_until(booking["ends_at"])
    wide.pass_time_asleep(WINDOW)

    with session_scope() as session:
        service.report_problem(session, learner.id, UUID(booking["id"]), "Nobody came.")
        maintenance.release_escrows()
    maintenance.release_escrows()

    assert (wide.booking(learner, booking)["escrow"]["status"], wide.wallet(mentor)[0]) == ("frozen", 0)


def test_a_completion_passes_over_a_session_that_is_being_cancelled(wide: World, owner: psycopg.Connection) -> None:
    """The cancellation was decided on before the start; until it commits the session has come to its end."""
    ((learner, mentor, booking),) = confirmed(wide, 1)
    past_the_end = int((read(booking["ends_at"]) - wide.now()).total_seconds()) + 1

    with session_scope() as session:
        service.cancel(session, mentor.id, UUID(booking["id"]), "I am ill.")
        owner.execute("UPDATE business_clock SET offset_seconds = offset_seconds + %s", [past_the_end])
        maintenance.complete_bookings()
    maintenance.complete_bookings()

    found = wide.booking(learner, booking)
    assert (found["status"], found["escrow"]["status"]) == ("cancelled", "refunded")
    assert wide.wallet(learner) == (45_000, 0, 0)


def test_a_cancellation_and_a_completion_at_once_end_a_session_once(wide: World) -> None:
    sessions = confirmed(wide)
    wide.pass_time_asleep(read(last_end(sessions)) - wide.now() + timedelta(seconds=1))

    answers = at_once([
        *(partial(wide.cancel, mentor, booking) for _, mentor, booking in sessions),
        *[maintenance.complete_bookings] * 3,
    ])[:SESSIONS]  # fmt: skip

    assert set(tally(answers)) <= {"too_late_to_cancel", "illegal_transition"}
    maintenance.complete_bookings()  # a sweep passes over what a cancellation has in hand at that moment
    assert {wide.booking(learner, booking)["status"] for learner, _, booking in sessions} == {"completed"}


def test_a_cancellation_that_waits_for_its_lock_until_the_start_comes_too_late(
    wide: World, owner: psycopg.Connection
) -> None:
    """What counts is the clock when the booking is decided on, not when the request came in."""
    ((learner, mentor, booking),) = confirmed(wide, 1)
    to_the_start = int((read(booking["starts_at"]) - wide.now()).total_seconds()) + 1

    def hold_it_until_the_start(session) -> None:
        session.execute(text("SELECT 1 FROM booking FOR UPDATE"))
        owner.execute("UPDATE business_clock SET offset_seconds = offset_seconds + %s", [to_the_start])

    answer = while_it_waits(hold_it_until_the_start, partial(wide.cancel, mentor, booking), owner)

    assert refusal(answer) == (409, "too_late_to_cancel")
    assert wide.booking(learner, booking)["escrow"]["status"] == "funded"


def test_two_in_support_who_decide_differently_at_once_are_one_decision(wide: World) -> None:
    sessions = confirmed(wide, 3)
    for learner, _, booking in sessions:
        wide.report(learner, booking)
    support = [wide.person("support") for _ in range(4)]

    for learner, mentor, booking in sessions:
        outcomes = ["release", "return"] * 2
        answers = at_once([partial(wide.resolve, who, booking, o) for who, o in zip(support, outcomes, strict=True)])
        assert tally(answers) == {200: 1, "illegal_transition": 3}
        assert (wide.wallet(learner)[0], wide.wallet(mentor)[0]) in {(45_000, 0), (0, 38_250)}


def test_of_many_reports_at_once_one_counts(wide: World) -> None:
    ((learner, _, booking),) = confirmed(wide, 1)
    answers = at_once([partial(wide.report, learner, booking)] * 6)
    assert tally(answers) == {200: 1, "illegal_transition": 5}
    assert wide.events("BookingDisputed") == 1


def test_a_cancellation_and_a_report_at_once_return_or_freeze(wide: World) -> None:
    sessions = confirmed(wide)

    answers = at_once([
        *(partial(wide.cancel, learner, booking) for learner, _, booking in sessions),
        *(partial(wide.report, learner, booking) for learner, _, booking in sessions),
    ])  # fmt: skip

    assert tally(answers) == {200: SESSIONS, "illegal_transition": SESSIONS}
    for learner, _, booking in sessions:
        found = wide.booking(learner, booking)
        assert (found["status"], found["escrow"]["status"], wide.wallet(learner)[0]) in {
            ("cancelled", "refunded", 45_000), ("disputed", "frozen", 0),
        }  # fmt: skip
