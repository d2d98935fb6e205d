"""POST /bookings/{id}/cancel: who may, until when, and where the money goes (API §4)."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest

from tests.booking.world import REASON, World, refusal

NOTICE = timedelta(hours=24)


@pytest.mark.parametrize("by", ["learner", "mentor"])
def test_an_unpaid_booking_is_cancelled_at_any_time_and_wallet_money_is_free(world: World, by: str) -> None:
    mentor, learner = world.mentor(min_notice_minutes=0), world.person(money=10_000)
    offering = world.offer(mentor)
    booking = world.booked(learner, offering, world.slots(offering)[0])  # well inside the notice

    answer = world.cancel(learner if by == "learner" else mentor, booking)

    assert answer.status_code == HTTPStatus.OK
    assert (answer.json["status"], answer.json["order"]["status"]) == ("cancelled", "closed")
    assert (answer.json["cancelled_by"], answer.json["reason"]) == (by, REASON["reason"])
    assert world.wallet(learner) == (10_000, 0, 0)
    assert booking["starts_at"] in world.slots(offering)


def test_the_pay_link_of_a_cancelled_booking_is_shown_no_more(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    world.drain()
    assert world.booking(learner, booking)["payment"]["pay_url"]

    world.cancel(learner, booking)
    world.drain()

    payment = world.booking(learner, booking)["payment"]
    assert (payment["status"], payment["pay_url"]) == ("cancelled", None)


@pytest.mark.parametrize("by", ["learner", "mentor"])
def test_a_confirmed_booking_gives_all_of_the_money_back_to_the_learners_wallet(world: World, by: str) -> None:
    mentor, learner = world.mentor(), world.person(money=45_001)
    booking = world.booked(learner, world.offer(mentor))
    assert world.wallet(learner) == (1, 0, 0)

    cancelled = world.cancel(learner if by == "learner" else mentor, booking).json

    assert (cancelled["status"], cancelled["order"]["status"]) == ("cancelled", "returned")
    assert (cancelled["escrow"]["status"], cancelled["escrow"]["amount"]["amount"]) == ("refunded", 45_000)
    assert world.wallet(learner) == (45_001, 0, 0)
    assert world.wallet(mentor) == (0, 0, 0)
    kinds = [(one["kind"], one["amount"]["amount"]) for one in world.get(learner, "/wallet/transactions")["items"]]
    assert kinds == [("return", 45_000), ("fund", -45_000), ("capture", 45_001)]


def test_a_free_booking_is_cancelled_without_money(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer(price=0))

    cancelled = world.cancel(learner, booking).json

    assert (cancelled["status"], cancelled["order"]["status"], cancelled["escrow"]) == ("cancelled", "returned", None)
    assert world.scalar("SELECT count(*) FROM ledger.txn") == 0


def test_a_learner_cancels_up_to_the_notice_and_a_mentor_until_the_start(world: World) -> None:
    mentor, learner = world.mentor(), world.person(money=90_000)
    offering = world.offer(mentor)
    first, second = (world.booked(learner, offering, starts_at) for starts_at in world.slots(offering, 9)[72:74])

    world.pass_until(first["starts_at"], -NOTICE - timedelta(minutes=10))
    assert world.cancel(learner, first).json["status"] == "cancelled"
    world.pass_until(second["starts_at"], -NOTICE + timedelta(seconds=1))
    assert refusal(world.cancel(learner, second)) == (409, "too_late_to_cancel")
    assert world.booking(learner, second)["escrow"]["status"] == "funded"

    world.pass_until(second["starts_at"], -timedelta(minutes=10))
    assert world.cancel(mentor, second).json["status"] == "cancelled"
    assert world.wallet(learner) == (90_000, 0, 0)


def test_a_mentor_does_not_cancel_what_has_begun(world: World) -> None:
    mentor, learner = world.mentor(), world.person(money=45_000)
    booking = world.booked(learner, world.offer(mentor))
    world.pass_until(booking["starts_at"])

    assert refusal(world.cancel(mentor, booking)) == (409, "too_late_to_cancel")
    assert world.booking(mentor, booking)["status"] == "confirmed"


@pytest.mark.parametrize("state", ["cancelled", "expired", "completed", "closed", "disputed", "paid_late"])
def test_what_is_over_is_cancelled_no_more(world: World, state: str) -> None:
    learner, booking = reach(world, state)
    before = world.booking(learner, booking)
    assert before["status"] == state

    assert refusal(world.cancel(learner, booking)) == (409, "illegal_transition")

    assert world.booking(learner, booking) == before


def reach(world: World, state: str):
    """Have a booking in a state at which nothing can be cancelled."""
    if state in {"completed", "closed", "disputed"}:
        learner, _, booking = world.held()
        if state == "closed":
            world.pass_time(NOTICE)
        if state == "disputed":
            world.report(learner, booking)
        return learner, booking
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    if state == "cancelled":
        world.cancel(learner, booking)
    else:
        world.pass_time(timedelta(minutes=16))
    if state == "paid_late":
        world.booked(world.person(), offering, booking["starts_at"])
        world.pay(booking)
    return learner, booking


def test_the_same_key_cancels_once_and_tells_the_same_again(world: World) -> None:
    learner = world.person(money=45_000)
    booking = world.booked(learner, world.offer())

    first, again = (world.cancel(learner, booking, key="once") for _ in range(2))

    assert first.status_code == again.status_code == HTTPStatus.OK
    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert world.events("BookingCancelled") == 1


def test_others_learn_nothing_of_a_booking_by_trying_to_cancel_it(world: World) -> None:
    booking = world.booked(world.person(), world.offer())
    for stranger in (world.person(), world.mentor(), world.person("support"), world.person("admin")):
        assert refusal(world.cancel(stranger, booking)) == (404, "not_found")
    unknown = booking | {"id": booking["mentor"]["id"]}
    assert refusal(world.cancel(world.person(), unknown)) == (404, "not_found")


def test_money_that_came_a_moment_ago_makes_it_a_paid_booking(world: World) -> None:
    """The capture is committed, the task that confirms has not run yet: the notice of a paid booking holds."""
    mentor, learner = world.mentor(), world.person()
    offering = world.offer(mentor)
    soon = world.booked(learner, offering, world.slots(offering)[1])
    world.pay(soon, drain=False)
    assert refusal(world.cancel(learner, soon)) == (409, "too_late_to_cancel")

    later = world.booked(learner, offering)
    world.pay(later, drain=False)
    cancelled = world.cancel(learner, later).json

    assert (cancelled["status"], cancelled["escrow"]["status"]) == ("cancelled", "refunded")
    world.drain()
    assert world.booking(learner, soon)["status"] == "confirmed"
    assert world.booking(learner, later)["status"] == "cancelled"
    assert world.wallet(learner) == (45_000, 0, 0)


def test_money_that_comes_after_the_cancellation_stays_in_the_wallet(world: World) -> None:
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    world.cancel(learner, booking)

    world.pay(booking)

    assert world.booking(learner, booking)["status"] == "cancelled"
    assert world.wallet(learner) == (45_000, 0, 0)
    assert booking["starts_at"] in world.slots(offering)
