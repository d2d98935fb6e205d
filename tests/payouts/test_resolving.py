"""A payout of which the gateway cannot tell is closed by a person who has looked: so much the mentor has received."""

from __future__ import annotations

from functools import partial

import psycopg
import pytest
from werkzeug.test import TestResponse

from app.payouts.states import PayoutState
from tests.factories.identity import MadeUser
from tests.payouts.steps import die_in_the_create_call, ping
from tests.payouts.world import PayoutWorld, money
from tests.sandbox.peers import ref_of

WHY = "It stands so in the dashboard of the gateway."


def resolve(world: PayoutWorld, who: MadeUser, payout_id: str, minor: int, currency: str = "TND") -> TestResponse:
    body = {"received": {"amount": minor, "currency": currency}, "reason": WHY}
    return world.send(who, "POST", f"/admin/payouts/{payout_id}/resolve", body)


def conflicted(world: PayoutWorld, told: int) -> tuple[MadeUser, str]:
    """Return a mentor with a payout of 45 TND whose link was paid by another amount."""
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)
    world.gateway.order("wrong_amount", amount=told)
    world.pay(link)
    assert world.status(payout_id) == "unknown"
    return mentor, payout_id


def silent(world: PayoutWorld, *, paid: bool = False) -> tuple[MadeUser, str, int]:
    """Return a mentor with a payout whose link has expired while the gateway does not answer, and that fault."""
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)
    if paid:
        world.gateway.order("no_webhook")
        world.click(link, pings=0)
    fault = world.gateway.order("error_500", on="fetch", count=None)
    world.let_expire()
    assert world.status(payout_id) == "unknown"
    return mentor, payout_id, fault


def aside(world: PayoutWorld) -> int:
    """Return the millimes on suspense, beside what the factory gave to the mentor."""
    return world.balance("suspense:konnect") + 45_000


# --- what was found out ----------------------------------------------------------------------------------------------


def test_a_mentor_who_has_all_of_it_is_paid(world: PayoutWorld) -> None:
    mentor, payout_id = conflicted(world, told=45_500)
    clerk = world.clerk()
    answer = resolve(world, clerk, payout_id, 45_000)
    assert (answer.status_code, answer.json["status"]) == (200, "paid")
    shown = world.shown(payout_id)
    assert (shown["decided_by"], shown["reason"], shown["debt"]) == (str(clerk.id), WHY, money(0))
    assert shown["paid_at"] == shown["decided_at"]
    assert [attempt["status"] for attempt in shown["attempts"]] == ["paid"]
    assert (world.pending(payout_id), world.wallet(mentor)) == (0, (0, 0, 0))
    assert (world.paid_out(), aside(world)) == (45_500, -500), "what the mentor has not, somebody must still find"
    assert world.events("PayoutPaid") == 1


def test_what_a_mentor_has_not_received_is_earnings_again(world: PayoutWorld) -> None:
    mentor, payout_id = conflicted(world, told=44_000)
    assert resolve(world, world.clerk(), payout_id, 44_000).json["status"] == "paid"
    assert world.wallet(mentor) == (1_000, 0, 1_000)
    assert (world.pending(payout_id), world.paid_out(), aside(world)) == (0, 44_000, 0)
    kinds = [movement["kind"] for movement in world.get(mentor, "/wallet/transactions")["items"]]
    assert kinds[:2] == ["payout_back", "payout"]


@pytest.mark.parametrize(("left", "debt"), [(1_000, 0), (400, 600), (0, 1_000)])
def test_what_a_mentor_received_too_much_is_taken_from_the_earnings_and_the_rest_is_a_debt(
    world: PayoutWorld, left: int, debt: int
) -> None:
    mentor, payout_id = conflicted(world, told=46_000)
    if left:
        world.earn(mentor, left)
    assert resolve(world, world.clerk(), payout_id, 46_000).json["debt"] == money(debt)
    assert world.wallet(mentor) == (0, 0, 0)
    assert (world.paid_out(), aside(world)) == (46_000, -debt - left), "the factory gave what was left, too"


def test_a_mentor_who_has_nothing_of_it_gets_the_money_back(world: PayoutWorld) -> None:
    mentor, payout_id = conflicted(world, told=45_500)
    answer = resolve(world, world.clerk(), payout_id, 0)
    assert (answer.status_code, answer.json["status"], answer.json["reason"]) == (200, "rejected", WHY)
    assert (world.pending(payout_id), world.wallet(mentor)) == (0, (45_000, 0, 45_000))
    assert aside(world) == -45_500, "what went elsewhere is still to be found"
    assert world.events("PayoutRejected") == 1


@pytest.mark.parametrize("received", [45_000, 0])
def test_a_link_of_which_the_gateway_never_tells_is_ended_by_a_person(world: PayoutWorld, received: int) -> None:
    mentor, payout_id, _ = silent(world)
    assert resolve(world, world.clerk(), payout_id, received).status_code == 200
    assert (world.status(payout_id), world.paid_out(), aside(world)) == (
        ("paid", 45_000, 0) if received else ("rejected", 0, 0)
    )
    assert world.wallet(mentor)[0] == 45_000 - received
    assert world.attempts(payout_id)[0].status == ("paid" if received else "expired")


def test_an_orphan_that_was_paid_without_a_word_is_ended_by_a_person(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.lose_answer(payout_id)
    world.let_expire()
    assert world.status(payout_id) == "unknown"
    assert resolve(world, world.clerk(), payout_id, 45_000).json["status"] == "paid"
    assert (world.attempts(payout_id)[0].status, world.paid_out()) == ("paid", 45_000)


def forgotten(world: PayoutWorld) -> str:
    """Return an unknown payout whose link no worker has got.

    The first died in the create call, a ping bound the link that nobody had seen, and at its end the gateway does not
    answer.
    """
    payout_id = world.requested(world.earner())
    world.approve(world.clerk(), payout_id)
    (attempt,) = world.attempts(payout_id)
    die_in_the_create_call(attempt.id)
    (made,) = world.gateway.get("/konnect/payments").json()["items"]
    ping(world, attempt.id, made["payment_ref"])
    world.drain()
    world.gateway.order("error_500", on="fetch", count=None)
    world.let_expire()
    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("unknown", "initiating")
    return payout_id


@pytest.mark.parametrize(("received", "status", "ended"), [(45_000, "paid", "paid"), (0, "rejected", "expired")])
def test_a_link_that_no_worker_has_got_is_ended_by_a_person(
    world: PayoutWorld, received: int, status: str, ended: str
) -> None:
    payout_id = forgotten(world)
    answer = resolve(world, world.clerk(), payout_id, received)
    assert (answer.status_code, answer.json["status"]) == (200, status)
    assert (world.attempts(payout_id)[0].status, world.paid_out()) == (ended, received)


# --- who was wrong, and who comes late -------------------------------------------------------------------------------


def test_a_person_who_was_wrong_costs_nobody_the_money_twice(world: PayoutWorld) -> None:
    """It was paid after all: the gateway says so when it speaks again, and the earnings give it back."""
    mentor, payout_id, fault = silent(world, paid=True)
    assert resolve(world, world.clerk(), payout_id, 0).json["status"] == "rejected"
    assert world.wallet(mentor) == (45_000, 0, 45_000)
    world.gateway.http.delete(f"{world.gateway.sandbox.url}/faults/{fault}")
    world.advance(seconds=600)
    assert (world.status(payout_id), world.wallet(mentor), world.paid_out()) == ("rejected", (0, 0, 0), 45_000)
    assert world.attempts(payout_id)[0].status == "conflicted"


def test_while_another_link_can_be_paid_nothing_is_resolved(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    old = world.approved(payout_id)
    world.let_expire()
    new = world.approved(payout_id)
    world.gateway.order("wrong_receiver", payment_ref=ref_of(old))
    world.pay(old, late="1")
    for received in (0, 45_000):
        refused = resolve(world, world.clerk(), payout_id, received)
        assert (refused.status_code, refused.json["code"]) == (409, "link_can_still_be_paid")
    world.let_expire()
    assert resolve(world, world.clerk(), payout_id, 0).status_code == 200
    assert world.wallet(mentor) == (45_000, 0, 45_000)
    world.pay(new, late="1")
    assert world.wallet(mentor) == (0, 0, 0), "and what was paid later still is taken from the earnings"


def test_while_an_orphan_can_be_paid_nothing_is_resolved(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.lose_answer(payout_id)
    refused = resolve(world, world.clerk(), payout_id, 0)
    assert (refused.status_code, refused.json["code"]) == (409, "link_can_still_be_paid")
    assert (world.status(payout_id), world.pending(payout_id)) == ("unknown", 45_000)


# --- who may not, and when not ---------------------------------------------------------------------------------------


def test_nobody_says_what_they_have_received_themselves(world: PayoutWorld) -> None:
    mentor, payout_id = conflicted(world, told=45_500)
    world.add_roles(mentor, "admin", "finance")
    refused = resolve(world, mentor, payout_id, 0)
    assert (refused.status_code, refused.json["code"]) == (403, "own_payout")
    assert resolve(world, world.clerk("support"), payout_id, 0).status_code == 403
    assert (world.status(payout_id), world.pending(payout_id)) == ("unknown", 45_000)


def test_only_what_is_unknown_is_resolved(world: PayoutWorld) -> None:
    clerk = world.clerk()
    for status in (state for state in PayoutState if state != PayoutState.UNKNOWN):
        mentor = world.earner()
        payout_id = world.requested(mentor)
        world.bring_to(status, mentor, payout_id)
        before = world.wallet(mentor)
        for received in (0, 45_000):
            refused = resolve(world, clerk, payout_id, received)
            assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition"), status
        assert (world.status(payout_id), world.wallet(mentor)) == (status, before)


def test_an_amount_of_another_currency_is_refused(world: PayoutWorld) -> None:
    _, payout_id = conflicted(world, told=45_500)
    refused = resolve(world, world.clerk(), payout_id, 45_000, "EUR")
    assert (refused.status_code, refused.json["code"]) == (422, "wrong_currency")
    assert refused.json["errors"][0]["pointer"] == "/received/currency"
    assert world.status(payout_id) == "unknown"


@pytest.mark.parametrize("first", [0, 45_000])
def test_of_two_who_resolve_at_once_one_does(world: PayoutWorld, owner: psycopg.Connection, first: int) -> None:
    mentor, payout_id = conflicted(world, told=45_500)
    calls = [partial(resolve, world, world.clerk(), payout_id, minor) for minor in (first, 45_000 - first)]
    answers = world.when_all_wait(owner, payout_id, *calls)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    paid = world.status(payout_id) == "paid"
    assert world.wallet(mentor)[0] == (0 if paid else 45_000)
