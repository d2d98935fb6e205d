"""POST /bookings/{id}/payments, and money that comes when nobody waits for it any more (API §4, MONEY.md)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest

from app.infra import outbox
from app.infra.db import session_scope
from app.payments import service as payments
from app.payments.events import PaymentCaptured
from tasks import maintenance
from tests.booking.world import API, HOUR, World, read, refusal, written
from tests.factories.identity import MadeUser

AFTER_THE_DEADLINE = timedelta(minutes=16)


def ask_again(world: World, user: MadeUser, booking: dict[str, Any], **more: Any) -> Any:
    return world.post(user, f"/bookings/{booking['id']}/payments", **more)


def lose(payment_id: str, how: Callable[..., None]) -> None:
    """Let an attempt end."""
    with session_scope() as session:
        how(session, UUID(payment_id))


# A new pay link


@pytest.mark.parametrize("how", [payments.record_lost_link, payments.record_refusal])
def test_after_an_attempt_has_ended_a_new_link_can_be_asked_for(world: World, how: Callable[..., None]) -> None:
    learner = world.person(money=5_000)
    booking = world.booked(learner, world.offer())
    lose(booking["payment"]["id"], how)

    answer = ask_again(world, learner, booking)

    assert answer.status_code == HTTPStatus.CREATED
    payment = answer.json
    assert payment["id"] != booking["payment"]["id"]
    assert answer.headers["Location"] == f"{API}/payments/{payment['id']}"
    assert (payment["status"], payment["amount"]["amount"], payment["purpose"]) == ("initiating", 40_000, "order")
    assert payment["expires_at"] == booking["payment"]["expires_at"]
    assert world.booking(learner, booking)["payment"]["id"] == payment["id"]
    world.pay(world.booking(learner, booking))
    assert world.booking(learner, booking)["status"] == "confirmed"


def test_a_new_link_is_refused_while_the_last_one_lives(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())

    assert refusal(ask_again(world, learner, booking)) == (409, "payment_still_open")
    world.drain()  # now the link is there
    assert refusal(ask_again(world, learner, booking)) == (409, "payment_still_open")
    assert world.scalar("SELECT count(*) FROM payment") == 1


@pytest.mark.parametrize("state", ["expired", "overdue", "cancelled", "confirmed", "free"])
def test_a_new_link_is_refused_when_there_is_nothing_to_pay(world: World, state: str) -> None:
    learner = world.person(money=45_000 if state == "confirmed" else 0)
    booking = world.booked(learner, world.offer(price=0 if state == "free" else 45_000))
    if booking["payment"]:
        lose(booking["payment"]["id"], payments.record_lost_link)
    {
        "expired": lambda: world.pass_time(AFTER_THE_DEADLINE),
        "overdue": lambda: world.pass_time_asleep(AFTER_THE_DEADLINE),
        "cancelled": lambda: world.cancel(learner, booking),
    }.get(state, lambda: None)()

    assert refusal(ask_again(world, learner, booking)) == (409, "order_not_open")


def test_only_the_learner_can_ask_for_a_new_link(world: World) -> None:
    mentor = world.mentor()
    booking = world.booked(world.person(), world.offer(mentor))
    lose(booking["payment"]["id"], payments.record_lost_link)
    for other in (mentor, world.person(), world.person("admin")):
        assert refusal(ask_again(world, other, booking)) == (404, "not_found")


def test_the_same_key_asks_for_one_link(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    lose(booking["payment"]["id"], payments.record_lost_link)

    first, again = (ask_again(world, learner, booking, key="once") for _ in range(2))

    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert world.scalar("SELECT count(*) FROM payment") == 2


# Late money


def expired(world: World, **about: Any) -> tuple[MadeUser, Any, dict[str, Any]]:
    """Have a booking that was not paid in time: its learner, its offering, the booking."""
    learner, offering = world.person(), world.offer(world.mentor(**about))
    booking = world.booked(learner, offering)
    world.pass_time(AFTER_THE_DEADLINE)
    assert world.booking(learner, booking)["status"] == "expired"
    return learner, offering, booking


def test_an_expired_booking_whose_slot_is_free_is_taken_up_again(world: World) -> None:
    learner, offering, booking = expired(world)

    world.pay(booking)

    late = world.booking(learner, booking)
    assert (late["status"], late["order"]["status"], late["escrow"]["status"]) == ("confirmed", "paid", "funded")
    assert booking["starts_at"] not in world.slots(offering)
    assert world.wallet(learner) == (0, 0, 0)


def test_an_expired_booking_whose_slot_is_gone_is_paid_late_and_the_money_is_the_learners(world: World) -> None:
    learner, offering, booking = expired(world)
    world.booked(world.person(), offering, booking["starts_at"])

    world.pay(booking)

    late = world.booking(learner, booking)
    assert (late["status"], late["order"]["status"], late["escrow"]) == ("paid_late", "closed", None)
    assert world.wallet(learner) == (45_000, 0, 0)


def test_money_that_comes_after_the_start_is_paid_late(world: World) -> None:
    learner, _, booking = expired(world)
    world.pass_until(booking["starts_at"])

    world.pay(booking)

    assert world.booking(learner, booking)["status"] == "paid_late"
    assert world.wallet(learner) == (45_000, 0, 0)


@pytest.mark.parametrize("first", ["the task", "the sweep"])
def test_money_that_nobody_heard_of_before_the_start_buys_no_session_that_nobody_held(world: World, first: str) -> None:
    """All that works was away from the payment until after the session: its mentor must not be paid for it."""
    learner, mentor = world.person(money=10_000), world.mentor()
    booking = world.booked(learner, world.offer(mentor))
    world.pay(booking, drain=False)
    world.pass_time_asleep(read(booking["ends_at"]) - world.now() + 72 * HOUR)

    if first == "the sweep":
        maintenance.expire_bookings()
    world.drain()

    late = world.booking(learner, booking)
    assert (late["status"], late["order"]["status"], late["escrow"]) == ("paid_late", "closed", None)
    assert (world.wallet(learner), world.wallet(mentor)) == ((45_000, 0, 0), (0, 0, 0))
    assert (world.events("BookingConfirmed"), world.events("BookingPaidLate")) == (0, 1)


def test_late_money_finds_the_learner_in_another_session(world: World) -> None:
    learner, _, booking = expired(world)
    world.booked(learner, world.offer(price=0), booking["starts_at"])

    world.pay(booking)

    assert world.booking(learner, booking)["status"] == "paid_late"


def test_late_money_keeps_the_mentors_buffer(world: World) -> None:
    learner, offering, booking = expired(world, buffer_minutes=30)
    right_after = written(read(booking["starts_at"]) + HOUR)
    world.booked(world.person(), offering, right_after)

    world.pay(booking)

    assert world.booking(learner, booking)["status"] == "paid_late"


def test_late_money_finds_the_slot_free_when_its_next_holder_has_not_paid_in_time_either(world: World) -> None:
    learner, offering, booking = expired(world)
    second = world.person()
    held = world.booked(second, offering, booking["starts_at"])
    world.pass_time_asleep(AFTER_THE_DEADLINE)

    world.pay(booking)

    assert world.booking(learner, booking)["status"] == "confirmed"
    assert world.booking(second, held)["status"] == "expired"


def test_late_money_that_is_too_little_by_now_is_paid_late(world: World) -> None:
    """The wallet's part was free again and is spent: what came does not cover the price any more."""
    learner, offering = world.person(money=5_000), world.offer()
    booking = world.booked(learner, offering)
    world.pass_time(AFTER_THE_DEADLINE)
    world.booked(learner, world.offer(price=5_000))

    world.pay(booking)

    assert world.booking(learner, booking)["status"] == "paid_late"
    assert world.wallet(learner) == (40_000, 0, 0)


def test_a_deadline_that_passes_over_money_that_has_come_confirms(world: World) -> None:
    """The capture is committed, the task that confirms has not run: expiring would take the slot from a payer."""
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    world.pay(booking, drain=False)

    world.pass_time(AFTER_THE_DEADLINE)

    assert world.booking(learner, booking)["status"] == "confirmed"
    assert world.events("BookingExpired") == 0
    assert world.events("BookingConfirmed") == 1


def test_a_rival_finds_the_slot_taken_by_money_that_has_come(world: World) -> None:
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    world.pay(booking, drain=False)
    world.pass_time_asleep(AFTER_THE_DEADLINE)

    assert refusal(world.book(world.person(), offering, booking["starts_at"])) == (409, "slot_taken")

    world.drain()
    assert world.booking(learner, booking)["status"] == "confirmed"


def test_a_second_payment_of_one_booking_goes_to_the_wallet(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    lose(booking["payment"]["id"], payments.record_lost_link)
    ask_again(world, learner, booking)
    world.pay(world.booking(learner, booking))

    world.pay(booking)  # the link that was lost is found, and paid too

    assert world.booking(learner, booking)["status"] == "confirmed"
    assert world.wallet(learner) == (45_000, 0, 0)


def test_telling_of_one_payment_again_and_again_changes_nothing(world: World) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    for _ in range(3):
        world.pay(booking)
    with session_scope() as session:
        outbox.record(
            session,
            PaymentCaptured(payment_id=UUID(booking["payment"]["id"]), order_id=UUID(booking["order"]["id"])),
        )
    world.drain()

    assert world.booking(learner, booking)["status"] == "confirmed"
    assert world.events("BookingConfirmed") == 1
    assert world.scalar("SELECT count(*) FROM ledger.txn") == 2  # one capture, one funding
