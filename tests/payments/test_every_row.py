"""Every row of the table of attempts to pay is taken: by answers and lost answers, by money and by the clock."""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from app.gateways.psp.base import PaymentStatus
from app.payments.states import PAYMENT, PaymentState
from tests.payments.steps import die_in_the_create_call, rescue, settle
from tests.payments.world import World
from tests.witness import watching

WALKED = (PAYMENT,)
LINK = 15 * 60


def top_up(world: World) -> str:
    return world.top_up(world.person(), 45_000)


def link_of(world: World, payment_id: str) -> str:
    """Return the link of what the gateway opened first for an attempt, whether anybody has seen it or not."""
    *_, first = world.gateway.get("/konnect/payments", order_id=payment_id).json()["items"]
    return f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={first['payment_ref']}"


# --- how an attempt gets into a state, with a link at the gateway ----------------------------------------------------


def initiating(world: World) -> str:
    """The worker died in the create call: the gateway has a payment that we know nothing of."""
    payment_id = top_up(world)
    die_in_the_create_call(payment_id)
    return payment_id


def awaiting_payer(world: World) -> str:
    payment_id = top_up(world)
    world.drain()
    return payment_id


def expired(world: World) -> str:
    payment_id = awaiting_payer(world)
    world.advance(seconds=LINK)
    return payment_id


def failed(world: World) -> str:
    """The worker died in the create call, and the second call was refused."""
    payment_id = initiating(world)
    rescue()
    world.gateway.order("redirect", on="create", order_id=payment_id)
    world.drain()
    return payment_id


def cancelled(world: World) -> str:
    payer = world.person()
    booking = world.book(payer, world.offer())
    world.drain()
    world.cancel(payer, booking["id"])
    world.drain()
    return str(booking["payment"]["id"])


def unknown(world: World) -> str:
    payment_id = top_up(world)
    world.gateway.order("error_500_after_success", order_id=payment_id)
    world.drain()
    return payment_id


STATES = (initiating, awaiting_payer, expired, failed, cancelled, unknown)


# --- what becomes of it ----------------------------------------------------------------------------------------------


def pay(world: World, bring: Callable[[World], str]) -> str:
    payment_id = bring(world)
    assert world.attempt(payment_id).status == bring.__name__
    world.pay(link_of(world, payment_id), late="1")
    return world.attempt(payment_id).status


def pay_otherwise_than_asked(world: World, bring: Callable[[World], str]) -> str:
    payment_id = bring(world)
    world.gateway.order("wrong_amount", order_id=payment_id, amount=44_000)
    world.pay(link_of(world, payment_id), late="1")
    return world.attempt(payment_id).status


def puzzle(world: World, bring: Callable[[World], str]) -> str:
    """Have the gateway tell of an attempt, whose time is up, in a word that we do not know."""
    payment_id = bring(world)
    world.advance_without_workers(seconds=LINK)
    reference = link_of(world, payment_id).rpartition("=")[2]
    settle(payment_id, status=PaymentStatus.UNKNOWN, payment_ref=reference)
    world.drain()
    return world.attempt(payment_id).status


def end_before_the_gateway_is_asked(world: World) -> list[str]:
    """Nobody is at work while the time of one attempt passes, and another is cancelled."""
    payer = world.person()
    booking, waiting = world.book(payer, world.offer()), top_up(world)
    world.cancel(payer, booking["id"])
    world.advance_without_workers(seconds=LINK)
    world.drain()
    return [world.attempt(payment_id).status for payment_id in (booking["payment"]["id"], waiting)]


def test_every_row_is_taken_and_nothing_else(world: World, owner: psycopg.Connection) -> None:
    with watching(owner, *WALKED) as witness:
        for bring in STATES:
            assert pay(world, bring) == PaymentState.CAPTURED, bring.__name__
            assert pay_otherwise_than_asked(world, bring) == PaymentState.CONFLICTED, bring.__name__
            assert puzzle(world, bring) == PaymentState.UNKNOWN, bring.__name__
        assert end_before_the_gateway_is_asked(world) == [PaymentState.CANCELLED, PaymentState.EXPIRED]
        witness.check()
    world.check_books()
