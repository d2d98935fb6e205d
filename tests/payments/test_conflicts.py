"""Our own attempt comes back with another amount, currency, order or receiver: what it reports is put aside, a person
decides (MONEY.md). Nothing is ever guessed in the payer's favour or against it.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.gateways.psp.base import PaymentStatus
from app.ledger import accounts
from tests.payments.steps import settle
from tests.payments.world import World

SUSPENSE = accounts.suspense("konnect")
LINK = 15 * 60


@pytest.mark.parametrize(
    ("fault", "fields", "currency", "suspended"),
    [
        ("wrong_amount", {"amount": 1}, "TND", 1),
        ("wrong_amount", {"amount": 90_000}, "TND", 90_000),
        ("wrong_currency", {"currency": "EUR"}, "EUR", 45_000),
        ("wrong_currency", {"currency": "XOF"}, "TND", 0),
        ("wrong_order", {}, "TND", 45_000),
        ("wrong_receiver", {}, "TND", 45_000),
    ],
)
def test_what_does_not_match_is_put_aside(
    world: World, fault: str, fields: dict[str, Any], currency: str, suspended: int
) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    payment_id = booking["payment"]["id"]
    link = world.link(payment_id)
    world.gateway.order(fault, **fields)
    world.pay(link)

    assert world.payment(payer, payment_id)["status"] == "conflicted"
    assert world.balance(SUSPENSE, currency) == suspended
    assert world.balance(accounts.psp("konnect"), currency) == -suspended
    assert world.wallet(payer) == (0, 0, 0)
    assert world.booking(payer, booking["id"])["status"] == "awaiting_payment"
    assert world.events("PaymentConflicted") == 1, "the back office is told"
    world.check_books()


def test_a_conflict_is_final(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    world.gateway.order("wrong_amount", amount=7)
    world.pay(link)
    for told in ({}, {"currency": "EUR"}, {"status": PaymentStatus.PENDING}):
        settle(payment_id, **told)

    assert world.payment(payer, payment_id)["status"] == "conflicted"
    assert (world.wallet(payer), world.balance(SUSPENSE)) == ((0, 0, 0), 7)
    assert world.attempt(payment_id).next_poll_at is None
    world.check_books()


def test_after_a_conflict_the_payer_may_try_again_while_time_is_left(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    world.gateway.order("wrong_amount", amount=7)
    world.pay(link)

    again = world.post(payer, f"/bookings/{booking['id']}/payments")
    assert again.status_code == 201
    world.pay(world.link(again.json["id"]))
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_completed_with_less_than_was_asked_is_a_conflict(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    settle(payment_id, reached=44_999)
    assert world.payment(payer, payment_id)["status"] == "conflicted"
    assert (world.wallet(payer), world.balance(SUSPENSE)) == ((0, 0, 0), 44_999)
    world.check_books()


@pytest.mark.parametrize(
    ("told", "currency", "suspended"),
    [
        ({"amount": 50_000, "reached": 50_000}, "TND", 40_000),  # 10.000 TND of it are booked already
        ({"currency": "EUR"}, "EUR", 45_000),  # other money: nothing of it is booked
        ({"amount": 9_000, "reached": 9_000}, "TND", 0),
    ],
)
def test_a_conflict_after_a_part_puts_aside_what_is_not_booked_yet(
    world: World, told: dict[str, Any], currency: str, suspended: int
) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.pay(world.link(payment_id), partial="10000")
    settle(payment_id, **told)

    assert world.payment(payer, payment_id)["status"] == "conflicted"
    assert (world.wallet(payer), world.balance(SUSPENSE, currency)) == ((10_000, 0, 0), suspended)
    world.check_books()


@pytest.mark.parametrize("told", [{"amount": 44_000}, {"currency": "EUR"}, {"order_id": "x"}, {"receiver": "0" * 24}])
def test_a_pending_payment_that_does_not_match_is_waited_for(world: World, told: dict[str, Any]) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    settle(payment_id, status=PaymentStatus.PENDING, **({"reached": 0} | told))
    settle(payment_id, status=PaymentStatus.PENDING, **({"reached": 5_000} | told))
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"
    assert world.wallet(payer) == (0, 0, 0), "what does not match is not booked"

    world.pay(link)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_part_that_never_matched_is_put_aside_when_the_time_is_up(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    world.gateway.order("wrong_receiver", count=None)
    world.pay(link, partial="10000")
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"
    world.advance(seconds=15 * 60)

    assert world.payment(payer, payment_id)["status"] == "conflicted"
    assert (world.wallet(payer), world.balance(SUSPENSE)) == ((0, 0, 0), 10_000)
    world.check_books()


# --- all of it is there, and the gateway does not say `completed` yet -------------------------------------------------


def test_a_payment_whose_amount_is_reached_is_waited_for_past_its_end(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    world.advance_without_workers(seconds=LINK)
    settle(payment_id, status=PaymentStatus.PENDING)
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"
    assert world.balance(SUSPENSE) == 0

    settle(payment_id)
    assert world.payment(payer, payment_id)["status"] == "captured"
    assert (world.wallet(payer), world.balance(SUSPENSE)) == ((45_000, 0, 0), 0)
    world.check_books()


def test_what_is_never_completed_is_put_aside_by_the_last_look(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    world.advance_without_workers(seconds=LINK)
    settle(payment_id, status=PaymentStatus.PENDING, is_last=True)
    assert world.payment(payer, payment_id)["status"] == "conflicted"
    assert (world.wallet(payer), world.balance(SUSPENSE)) == ((0, 0, 0), 45_000)
    world.check_books()


def test_more_than_was_asked_is_put_aside_when_the_time_is_up(world: World) -> None:
    payment_id = world.top_up(world.person(), 45_000)
    world.link(payment_id)
    world.advance_without_workers(seconds=LINK)
    settle(payment_id, status=PaymentStatus.PENDING, reached=45_001)
    assert (world.attempt(payment_id).status, world.balance(SUSPENSE)) == ("conflicted", 45_001)
    world.check_books()


def test_a_ping_that_comes_after_the_polls_and_too_early_is_followed_by_one_more_look(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    world.advance(seconds=LINK + 86_400 + 1)
    assert (world.attempt(payment_id).status, world.attempt(payment_id).next_poll_at) == ("expired", None)
    settle(payment_id, status=PaymentStatus.PENDING)
    world.gateway.order("no_webhook")
    world.click(link, pings=0, late="1")
    world.advance(seconds=300)
    assert world.attempt(payment_id).next_poll_at is None
    assert (world.wallet(payer), world.balance(SUSPENSE)) == ((45_000, 0, 0), 0)
    world.check_books()
