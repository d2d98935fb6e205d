"""Every row of the tables of payouts and their links is taken: by people, answers, lost ones, money and the clock."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg

from app.payouts.states import ATTEMPT, PAYOUT, AttemptState
from tests.payments.steps import rescue
from tests.payouts.steps import die_in_the_create_call
from tests.payouts.world import PayoutWorld
from tests.witness import watching

WALKED = (PAYOUT, ATTEMPT)


def requested(world: PayoutWorld) -> str:
    return world.requested(world.earner())


def listed(world: PayoutWorld, payout_id: str, turn: int = 0) -> dict[str, str]:
    """Return what the gateway opened first for an attempt, whether anybody has seen its link or not."""
    attempt_id = world.attempts(payout_id)[turn].id
    *_, first = world.gateway.get("/konnect/payments", order_id=str(attempt_id)).json()["items"]
    found: dict[str, str] = first
    return found


def pay(world: PayoutWorld, payout_id: str, turn: int = 0) -> str:
    """Pay a link, in time or not; the state of its attempt."""
    ref = listed(world, payout_id, turn)["payment_ref"]
    world.pay(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={ref}", late="1")
    return world.attempts(payout_id)[turn].status


def pay_otherwise(world: PayoutWorld, payout_id: str, turn: int = 0) -> str:
    """Pay a link, while the gateway tells of another receiver; the state of its attempt."""
    world.gateway.order("wrong_receiver", payment_ref=listed(world, payout_id, turn)["payment_ref"])
    return pay(world, payout_id, turn)


# --- how a link gets into a state, and can still be paid -------------------------------------------------------------


def initiating(world: PayoutWorld) -> str:
    """The worker died in the create call: the gateway has a link that nobody has seen."""
    payout_id = requested(world)
    world.approve(world.clerk(), payout_id)
    die_in_the_create_call(world.attempts(payout_id)[0].id)
    return payout_id


def awaiting_payer(world: PayoutWorld) -> str:
    payout_id = requested(world)
    world.approved(payout_id)
    return payout_id


def expired(world: PayoutWorld) -> str:
    payout_id = awaiting_payer(world)
    world.let_expire()
    return payout_id


def failed(world: PayoutWorld) -> str:
    """The worker died in the create call, and the second call was refused."""
    payout_id = initiating(world)
    rescue()
    world.gateway.order("redirect", on="create", order_id=str(world.attempts(payout_id)[0].id))
    world.drain()
    return payout_id


def unknown(world: PayoutWorld) -> str:
    payout_id = requested(world)
    world.lose_answer(payout_id)
    return payout_id


STATES = (initiating, awaiting_payer, expired, failed, unknown)


# --- what becomes of it ----------------------------------------------------------------------------------------------


def is_paid_in_every_state(world: PayoutWorld) -> None:
    for bring in STATES:
        payout_id = brought(world, bring)
        assert (pay(world, payout_id), world.status(payout_id)) == ("paid", "paid"), bring.__name__


def conflicts_in_every_state(world: PayoutWorld) -> None:
    for bring in STATES:
        payout_id = brought(world, bring)
        assert (pay_otherwise(world, payout_id), world.status(payout_id)) == ("conflicted", "unknown"), bring.__name__
    resolved = {"received": {"amount": 45_000, "currency": "TND"}, "reason": "The dashboard says so."}
    world.send(world.clerk(), "POST", f"/admin/payouts/{payout_id}/resolve", resolved)
    assert world.attempts(payout_id)[0].status == AttemptState.PAID


def brought(world: PayoutWorld, bring: Callable[[PayoutWorld], str]) -> str:
    payout_id = bring(world)
    assert world.attempts(payout_id)[0].status == bring.__name__
    return payout_id


def gives_way_to_an_older_one(world: PayoutWorld) -> None:
    """The older link is paid while the newer one is being made, or open; the newer one is paid all the same."""
    for is_open in (False, True):
        payout_id = expired(world)
        world.approve(world.clerk(), payout_id)
        if is_open:
            world.drain()
        else:
            die_in_the_create_call(world.attempts(payout_id)[1].id)
        assert (pay(world, payout_id), world.attempts(payout_id)[1].status) == ("paid", "cancelled")
        assert pay(world, payout_id, turn=1) == AttemptState.CONFLICTED


def ends_by_the_clock(world: PayoutWorld) -> None:
    """Nobody was at work, nobody could be asked for a while, or a ping named a link that nobody had seen."""
    never_made = requested(world)
    world.approve(world.clerk(), never_made)
    world.let_expire()
    unasked = awaiting_payer(world)
    pinged = unknown(world)
    ping = listed(world, pinged)
    assert world.client.get(f"{urlsplit(ping['webhook']).path}?payment_ref={ping['payment_ref']}").status_code == 200
    world.drain()
    world.gateway.order("error_500", on="fetch", payment_ref=listed(world, unasked)["payment_ref"])
    world.let_expire()
    assert (world.status(unasked), world.status(pinged)) == ("unknown", "pending")
    world.advance(seconds=600)
    assert {world.attempts(payout_id)[0].status for payout_id in (never_made, unasked, pinged)} == {"expired"}
    assert world.status(unasked) == "pending"


def is_decided_on(world: PayoutWorld) -> None:
    """By the back office, and by the mentor; and once more where nobody has seen the link."""
    world.reject(world.clerk(), requested(world))
    mentor = world.earner()
    world.take_back(mentor, world.requested(mentor))
    world.approved(unknown(world))
    lost = unknown(world)
    world.let_expire()
    assert world.reject(world.clerk(), lost).status_code == 200


def test_every_row_is_taken_and_nothing_else(world: PayoutWorld, owner: psycopg.Connection) -> None:
    with watching(owner, *WALKED) as witness:
        is_paid_in_every_state(world)
        conflicts_in_every_state(world)
        gives_way_to_an_older_one(world)
        ends_by_the_clock(world)
        is_decided_on(world)
        witness.check()
