"""A problem reported in time freezes the money, and support decides whose it is (API §4, MONEY.md)."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest

from tests.booking.world import API, HOUR, World, refusal
from tests.factories.identity import token_for

WINDOW = 24 * HOUR


# Reporting


def test_a_report_in_the_window_freezes_the_money(world: World) -> None:
    learner, mentor, booking = world.held()

    answer = world.report(learner, booking)

    assert answer.status_code == HTTPStatus.OK
    assert (answer.json["status"], answer.json["escrow"]["status"]) == ("disputed", "frozen")
    assert answer.json["reason"] == "Nobody came."
    world.pass_time(timedelta(days=30))
    assert world.booking(mentor, booking)["escrow"]["status"] == "frozen"
    assert world.wallet(mentor) == world.wallet(learner) == (0, 0, 0)


def test_a_problem_may_be_reported_before_the_session_has_ended(world: World) -> None:
    learner, mentor = world.person(money=45_000), world.mentor()
    booking = world.booked(learner, world.offer(mentor))

    assert world.report(learner, booking).json["status"] == "disputed"

    for person in (learner, mentor):
        assert refusal(world.cancel(person, booking)) == (409, "illegal_transition")
    world.pass_until(booking["ends_at"], WINDOW + HOUR)
    assert world.booking(learner, booking)["status"] == "disputed"


def test_after_the_release_it_is_too_late_to_report(world: World) -> None:
    learner, mentor, booking = world.held()
    world.pass_time(WINDOW)

    assert refusal(world.report(learner, booking)) == (409, "illegal_transition")

    assert world.booking(learner, booking)["status"] == "closed"
    assert world.wallet(mentor)[2] == 38_250


def test_only_what_is_paid_and_not_over_can_be_reported(world: World) -> None:
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    assert refusal(world.report(learner, booking)) == (409, "illegal_transition")
    world.cancel(learner, booking)
    assert refusal(world.report(learner, booking)) == (409, "illegal_transition")
    assert world.booking(learner, booking)["reason"] == "I changed my mind."


def test_a_problem_is_reported_once(world: World) -> None:
    learner, _, booking = world.held()
    world.report(learner, booking)
    assert refusal(world.report(learner, booking)) == (409, "illegal_transition")
    assert world.events("BookingDisputed") == 1


def test_only_its_learner_reports_a_problem(world: World) -> None:
    _, mentor, booking = world.held()
    for other in (mentor, world.person(), world.person("support")):
        assert refusal(world.report(other, booking)) == (404, "not_found")
    assert world.booking(mentor, booking)["status"] == "completed"


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 1001}, {"reason": 7}, {"reason": None}], ids=str)
def test_a_report_needs_a_reason(world: World, body: dict[str, object]) -> None:
    learner, _, booking = world.held()
    answer = world.post(learner, f"/bookings/{booking['id']}/report-problem", body)
    assert refusal(answer) == (422, "invalid_input")
    assert answer.json["errors"][0]["pointer"] == "/reason"
    assert world.booking(learner, booking)["status"] == "completed"


# Deciding


@pytest.mark.parametrize("role", ["support", "admin"])
def test_released_the_money_is_the_mentors_less_the_fee(world: World, role: str) -> None:
    learner, mentor, booking = world.held(price=33_337)
    world.report(learner, booking)

    answer = world.resolve(world.person(role), booking, "release")

    assert answer.status_code == HTTPStatus.OK
    assert (answer.json["status"], answer.json["escrow"]["status"]) == ("closed", "released")
    assert (answer.json["order"]["status"], answer.json["reason"]) == ("paid", "We looked into it.")
    assert answer.json["cancelled_by"] is None
    assert world.wallet(mentor) == (28_336, 0, 28_336)
    assert world.wallet(learner) == (0, 0, 0)


@pytest.mark.parametrize("outcome", ["release", "return"])
def test_what_was_decided_does_not_take_the_place_of_what_was_reported(world: World, outcome: str) -> None:
    learner, mentor, booking = world.held()
    reported = world.report(learner, booking).json
    assert (reported["reason"], reported["problem"]) == ("Nobody came.", "Nobody came.")

    world.resolve(world.person("support"), booking, outcome)

    for person in (learner, mentor):
        shown = world.booking(person, booking)
        assert (shown["reason"], shown["problem"]) == ("We looked into it.", "Nobody came.")


def test_a_session_that_was_cancelled_had_no_problem(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    cancelled = world.cancel(learner, booking).json
    assert (cancelled["reason"], cancelled["problem"]) == ("I changed my mind.", None)


def test_returned_the_money_is_the_learners_in_full(world: World) -> None:
    learner, mentor, booking = world.held(price=33_337)
    world.report(learner, booking)

    answer = world.resolve(world.person("support"), booking, "return")

    assert (answer.json["status"], answer.json["escrow"]["status"]) == ("cancelled", "refunded")
    assert (answer.json["order"]["status"], answer.json["cancelled_by"]) == ("returned", "support")
    assert world.wallet(learner) == (33_337, 0, 0)
    assert world.wallet(mentor) == (0, 0, 0)


@pytest.mark.parametrize("outcome", ["release", "return"])
def test_a_dispute_about_a_free_session_moves_no_money(world: World, outcome: str) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer(price=0))
    world.report(learner, booking)

    resolved = world.resolve(world.person("support"), booking, outcome).json

    assert (resolved["status"], resolved["escrow"]) == ({"release": "closed", "return": "cancelled"}[outcome], None)
    assert world.scalar("SELECT count(*) FROM ledger.txn") == 0


def test_a_dispute_is_decided_once(world: World) -> None:
    learner, mentor, booking = world.held()
    world.report(learner, booking)
    support = world.person("support")
    world.resolve(support, booking, "release")

    for outcome in ("return", "release"):
        assert refusal(world.resolve(support, booking, outcome)) == (409, "illegal_transition")
    assert (world.wallet(mentor)[0], world.wallet(learner)[0]) == (38_250, 0)


def test_where_there_is_no_dispute_there_is_nothing_to_decide(world: World) -> None:
    learner, _, booking = world.held()
    support = world.person("support")

    assert refusal(world.resolve(support, booking, "return")) == (409, "illegal_transition")

    assert world.booking(learner, booking)["reason"] is None
    unknown = booking | {"id": booking["order"]["id"]}
    assert refusal(world.resolve(support, unknown, "return")) == (404, "not_found")


def test_nobody_else_decides(world: World) -> None:
    learner, mentor, booking = world.held()
    world.report(learner, booking)
    for person in (learner, mentor, world.person("finance")):
        assert refusal(world.resolve(person, booking, "release")) == (403, "forbidden")
    path = f"{API}/admin/bookings/{booking['id']}/resolve"
    assert refusal(world.client.post(path, json={"outcome": "release", "reason": "x"})) == (401, "unauthenticated")


def test_nobody_decides_a_dispute_of_their_own(world: World) -> None:
    """Somebody in support who teaches or learns here would be paying themselves."""
    learner, mentor, booking = world.held()
    world.report(learner, booking)
    for party in (learner, mentor):
        world.become(party, "support")
        assert refusal(world.resolve(party, booking, "release")) == (403, "own_dispute")
    assert world.booking(learner, booking)["escrow"]["status"] == "frozen"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"outcome": "split"}, "/outcome"), ({"outcome": None}, "/outcome"), ({"reason": ""}, "/reason")],
    ids=str,
)
def test_a_decision_is_one_of_two_and_says_why(world: World, changes: dict[str, object], pointer: str) -> None:
    learner, _, booking = world.held()
    world.report(learner, booking)
    body = {"outcome": "release", "reason": "Because."} | changes
    path = f"{API}/admin/bookings/{booking['id']}/resolve"
    answer = world.client.post(path, json=body, headers=token_for(world.person("support")))
    assert refusal(answer) == (422, "invalid_input")
    assert answer.json["errors"][0]["pointer"] == pointer
    assert world.booking(learner, booking)["status"] == "disputed"
