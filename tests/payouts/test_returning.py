"""A link that was not paid lets its payout be decided again, and no order of events pays one payout twice.

MONEY.md: an approved payout returns to pending only when its link has expired and a fresh fetch says that it was not
paid; if the gateway cannot be asked it is unknown and stays. A link of an old attempt that is paid after all pays the
payout while it is open; else it is charged to the mentor's earnings, and the rest is noted as a debt.
"""

from __future__ import annotations

from functools import partial
from uuid import UUID

import psycopg
import pytest

from app.gateways.psp.base import PaymentSnapshot, PaymentStatus
from app.infra.db import session_scope
from app.payouts import handlers, service
from app.payouts.states import AttemptState
from tests.factories.identity import MadeUser
from tests.factories.payouts import MENTORS_WALLET
from tests.patience import eventually
from tests.payments.steps import rescue
from tests.payouts.steps import die_in_the_create_call
from tests.payouts.world import RETURN_SECONDS, PayoutWorld
from tests.sandbox.peers import ref_of

UNKNOWN_ALARM = "Nobody can say whether a payout was paid"
LATE_ALARM = "A payout link that had ended was paid"


def expired(world: PayoutWorld, minor: int = 45_000) -> tuple[MadeUser, str, str]:
    """Return a mentor with a payout that is pending again, and its old link."""
    mentor = world.earner(minor)
    payout_id = world.requested(mentor, minor)
    link = world.approved(payout_id)
    world.let_expire()
    assert world.status(payout_id) == "pending"
    return mentor, payout_id, link


# --- back to pending -------------------------------------------------------------------------------------------------


def test_a_link_that_nobody_paid_returns_its_payout_to_be_decided_again(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    world.advance(seconds=RETURN_SECONDS - 240)
    assert world.status(payout_id) == "processing", "the link can still be paid"
    world.advance(seconds=480)

    shown = world.shown(payout_id)
    assert (shown["status"], shown["pay_url"], shown["decided_at"], shown["decided_by"]) == (
        "pending",
        None,
        None,
        None,
    )
    assert shown["attempts"][0]["status"] == "expired"
    assert world.pending(payout_id) == 45_000, "the money waits with the payout"
    world.pay(world.approved(payout_id))
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def test_a_payout_that_returned_may_be_cancelled(world: PayoutWorld) -> None:
    mentor, payout_id, _ = expired(world)
    assert world.take_back(mentor, payout_id).status_code == 200
    assert world.wallet(mentor) == (45_000, 0, 45_000)


def test_money_that_came_in_the_last_moment_is_found_by_the_look_that_would_return_the_payout(
    world: PayoutWorld,
) -> None:
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    world.let_expire()
    assert world.status(payout_id) == "paid"


def test_a_look_from_before_the_expiry_does_not_return_a_payout_after_it(world: PayoutWorld) -> None:
    """The link may have been paid between the look and its record."""
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    (attempt,) = world.attempts(payout_id)
    with session_scope() as session:
        wanted = service.prepare_look(session, attempt.id, None)
    assert wanted is not None
    assert not wanted.has_expired
    record = handlers.look_at(wanted, tries=1)
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    moved = world.client.post("/api/v1/sandbox/clock", json={"advance_seconds": RETURN_SECONDS + 60})
    assert moved.status_code == 200
    assert record is not None
    with session_scope() as session:
        record(session)
    assert world.status(payout_id) == "processing"
    world.drain()
    assert world.status(payout_id) == "paid"


# --- when the gateway does not say -----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["paid", "pending"])
def test_a_gateway_that_cannot_be_asked_makes_the_payout_unknown_until_it_can(world: PayoutWorld, ending: str) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)
    world.gateway.order("no_webhook")
    if ending == "paid":
        world.click(link, pings=0)
    silent = world.gateway.order("error_500", on="fetch", count=None)
    world.let_expire()

    assert (world.status(payout_id), world.pending(payout_id)) == ("unknown", 45_000)
    assert world.shown(payout_id)["pay_url"] is None
    for refused in (world.approve(world.clerk(), payout_id), world.reject(world.clerk(), payout_id)):
        assert (refused.status_code, refused.json["code"]) == (409, "link_can_still_be_paid")
    assert world.take_back(mentor, payout_id).status_code == 409
    world.advance(seconds=86_400 * 3)
    assert world.status(payout_id) == "unknown", "it stays as long as nobody can tell"
    (alarm,) = world.alarms(UNKNOWN_ALARM)
    assert alarm["severity"] == "error"
    assert f"/api/v1/admin/payouts/{payout_id}/resolve" in alarm["message"]

    assert world.gateway.http.delete(f"{world.gateway.sandbox.url}/faults/{silent}").status_code < 300
    world.advance(seconds=600)
    assert world.status(payout_id) == ending


def test_a_word_that_we_do_not_know_is_not_taken_for_unpaid(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    (attempt,) = world.attempts(payout_id)
    told = PaymentSnapshot(
        attempt.payment_ref or "", str(attempt.id), PaymentStatus.UNKNOWN, 45_000, 0, "TND", MENTORS_WALLET
    )
    for had_expired, status in ((False, "processing"), (True, "unknown")):
        with session_scope() as session:
            service.settle(session, attempt.id, told, had_expired=had_expired)
        assert world.status(payout_id) == status


# --- the old link is paid after all ----------------------------------------------------------------------------------


def test_an_old_link_that_is_paid_pays_a_payout_that_is_pending_again(world: PayoutWorld) -> None:
    mentor, payout_id, link = expired(world)
    world.pay(link, late="1")
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)
    assert world.alarms(LATE_ALARM)[0]["related"]["id"] == payout_id
    assert world.approve(world.clerk(), payout_id).status_code == 409
    assert world.wallet(mentor) == (0, 0, 0)


def test_an_old_link_and_the_new_one_both_paid_pay_the_payout_once(world: PayoutWorld) -> None:
    mentor, payout_id, old = expired(world)
    new = world.approved(payout_id)
    world.earn(mentor, 45_000)
    world.click(old, late="1")
    world.click(new)
    world.drain()
    assert sorted(attempt.status for attempt in world.attempts(payout_id)) == [
        AttemptState.CONFLICTED,
        AttemptState.PAID,
    ]
    assert (world.status(payout_id), world.paid_out(), world.row(payout_id).debt) == ("paid", 90_000, 0)
    assert world.wallet(mentor) == (0, 0, 0)


@pytest.mark.parametrize(("left", "debt"), [(45_000, 0), (44_999, 1), (0, 45_000)])
def test_an_old_link_of_a_closed_payout_is_charged_to_the_earnings_and_the_rest_is_a_debt(
    world: PayoutWorld, left: int, debt: int
) -> None:
    mentor, payout_id, link = expired(world)
    assert world.take_back(mentor, payout_id).status_code == 200
    if left != 45_000:
        world.requested(mentor, 45_000)  # the earnings are on their way out again
        if left:
            world.earn(mentor, left)
    world.pay(link, late="1")
    world.drain()

    covered = 45_000 - debt
    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("cancelled", "conflicted")
    assert world.shown(payout_id)["debt"]["amount"] == debt
    assert world.wallet(mentor)[2] == left - covered
    assert world.paid_out() == covered
    (alarm,) = world.alarms(LATE_ALARM)
    assert (alarm["severity"], alarm["related"]) == ("critical", {"kind": "payout", "id": payout_id})
    assert alarm["metadata"]["debt"] == world.shown(payout_id)["debt"]["formatted"]


def test_an_old_link_that_was_paid_otherwise_than_asked_keeps_its_payout_from_being_paid_again(
    world: PayoutWorld,
) -> None:
    _, payout_id, old = expired(world)
    world.approved(payout_id)
    world.gateway.order("wrong_receiver", payment_ref=ref_of(old))
    world.pay(old, late="1")
    assert (world.status(payout_id), world.shown(payout_id)["pay_url"]) == ("unknown", None)
    world.let_expire()
    assert [attempt.status for attempt in world.attempts(payout_id)] == ["conflicted", "expired"]
    assert world.status(payout_id) == "unknown"
    assert world.approve(world.clerk(), payout_id).json["code"] == "link_can_still_be_paid"


# --- the old link is paid after all, and the gateway does not say so at once ------------------------------------------


def close(world: PayoutWorld, mentor: MadeUser, payout_id: str, ending: str) -> None:
    """Have a payout that is pending again cancelled, paid by a second link, or left as it is."""
    if ending == "cancelled":
        assert world.take_back(mentor, payout_id).status_code == 200
    elif ending == "paid":
        world.pay(world.approved(payout_id))
    assert world.status(payout_id) == ending


@pytest.mark.parametrize("ending", ["cancelled", "paid", "pending"])
def test_the_only_ping_of_an_old_link_is_not_lost_when_the_gateway_cannot_be_asked_at_once(
    world: PayoutWorld, ending: str
) -> None:
    """Nobody polls it any more: what this ping tells is told once."""
    mentor, payout_id, link = expired(world)
    close(world, mentor, payout_id, ending)
    if ending == "paid":
        world.earn(mentor, 45_000)
    world.advance(seconds=86_400 + 600)
    assert world.attempts(payout_id)[0].next_poll_at is None
    world.gateway.order("error_500", on="fetch", payment_ref=ref_of(link))
    world.pay(link, late="1")

    assert len(world.alarms(LATE_ALARM)) == 1
    assert world.attempts(payout_id)[0].status == ("paid" if ending == "pending" else "conflicted")
    assert (world.wallet(mentor)[2], world.row(payout_id).debt) == (0, 0)


def test_the_only_ping_of_an_orphan_is_not_lost_either(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    link = world.lose_answer(payout_id)
    world.let_expire()
    assert world.attempts(payout_id)[0].next_poll_at is None
    world.gateway.order("error_500", on="fetch", payment_ref=ref_of(link))
    world.pay(link, late="1")
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def test_a_ping_of_an_old_link_that_cannot_be_looked_at_is_a_dead_letter_in_the_end(world: PayoutWorld) -> None:
    _, payout_id, link = expired(world)
    world.advance(seconds=86_400 + 600)
    world.gateway.order("error_500", on="fetch", count=None)
    world.pay(link, late="1")
    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("pending", "expired")
    assert world.scalar("SELECT count(*) FROM delivery WHERE state = 'dead' AND task = 'tasks.payouts.settle'") == 1
    assert len(world.alarms("Given up: tasks.payouts.settle")) == 1


def test_that_a_link_which_nobody_has_seen_cannot_be_asked_about_says_nothing_of_the_one_that_is_shown(
    world: PayoutWorld,
) -> None:
    """Its worker died in the create call, and the link of the second call is shown: only that one is polled."""
    payout_id = world.requested(world.earner())
    world.approve(world.clerk(), payout_id)
    (attempt,) = world.attempts(payout_id)
    die_in_the_create_call(attempt.id)
    (unseen,) = world.gateway.get("/konnect/payments").json()["items"]
    rescue()
    world.drain()
    world.advance_without_workers(seconds=RETURN_SECONDS + 60)
    world.gateway.order("error_500", on="fetch", payment_ref=unseen["payment_ref"])
    world.pay(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={unseen['payment_ref']}", late="1")
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


# --- at the same moment ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["click", "look"])
def test_a_webhook_against_the_return_to_pending_ends_paid(world: PayoutWorld, first: str) -> None:
    """The link is paid late, while the look that returns the payout is under way: it is one or the other, once."""
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)
    moved = world.client.post("/api/v1/sandbox/clock", json={"advance_seconds": RETURN_SECONDS + 60})
    assert moved.status_code == 200
    calls = [lambda: world.click(link, late="1"), world.drain]
    world.at_once(*(calls if first == "click" else calls[::-1]))
    eventually(lambda: world.gateway.listed(link)["webhook_calls"])
    world.drain()
    assert (world.status(payout_id), world.paid_out(), world.wallet(mentor)) == ("paid", 45_000, (0, 0, 0))
    assert world.scalar("SELECT count(*) FROM ledger.txn WHERE ref LIKE 'payout-paid:%'") == 1


@pytest.mark.parametrize("turn", range(2))
def test_a_look_that_found_money_and_one_from_before_it_end_paid_in_any_order(
    world: PayoutWorld, owner: psycopg.Connection, turn: int
) -> None:
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    world.advance_without_workers(seconds=RETURN_SECONDS + 60)
    (attempt,) = world.attempts(payout_id)
    with session_scope() as session:
        wanted = service.prepare_look(session, attempt.id, None)
    assert wanted is not None
    unpaid = handlers.look_at(wanted, tries=1)
    world.gateway.order("no_webhook")
    world.click(link, pings=0, late="1")
    paid = handlers.look_at(wanted, tries=1)

    def record(outcome: handlers.Outcome | None) -> None:
        assert outcome is not None
        with session_scope() as session:
            outcome(session)

    calls = [partial(record, unpaid), partial(record, paid)]
    world.when_all_wait(owner, payout_id, *calls[turn:], *calls[:turn])
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)
    assert world.scalar("SELECT count(*) FROM ledger.txn WHERE ref LIKE 'payout-paid:%'") == 1


@pytest.mark.parametrize("turn", range(2))
def test_two_links_settled_at_the_same_moment_pay_the_payout_once(
    world: PayoutWorld, owner: psycopg.Connection, turn: int
) -> None:
    mentor, payout_id, _ = expired(world)
    world.approved(payout_id)
    world.earn(mentor, 45_000)

    def paid(attempt_id: UUID, reference: str) -> None:
        told = PaymentSnapshot(
            reference, str(attempt_id), PaymentStatus.COMPLETED, 45_000, 45_000, "TND", MENTORS_WALLET
        )
        with session_scope() as session:
            service.settle(session, attempt_id, told, had_expired=False)

    found = [(attempt.id, attempt.payment_ref or "") for attempt in world.attempts(payout_id)]
    calls = [lambda one=one: paid(*one) for one in (*found, *found)]
    world.when_all_wait(owner, payout_id, *calls[turn:], *calls[:turn])
    assert sorted(attempt.status for attempt in world.attempts(payout_id)) == ["conflicted", "paid"]
    assert (world.status(payout_id), world.paid_out(), world.wallet(mentor)) == ("paid", 90_000, (0, 0, 0))


def test_a_decision_against_an_old_link_that_is_paid_pays_once(world: PayoutWorld) -> None:
    mentor, payout_id, link = expired(world)
    clerk = world.clerk()
    world.click(link, late="1")
    world.at_once(lambda: world.take_back(mentor, payout_id), lambda: world.approve(clerk, payout_id), world.drain)
    world.drain()
    if world.status(payout_id) == "cancelled":  # the mentor was first: the money went back, and out again
        assert world.attempts(payout_id)[0].status == AttemptState.CONFLICTED
    else:
        assert world.status(payout_id) == "paid"
    assert (world.paid_out(), world.wallet(mentor)) == (45_000, (0, 0, 0))
