"""When the call that makes a link goes wrong: lost answers, orphans that are paid, refusals, workers that die in it."""

from __future__ import annotations

import pytest

from tests.payments.steps import rescue
from tests.payouts.steps import die_in_the_create_call, ping
from tests.payouts.world import HOUR, RETURN_SECONDS, PayoutWorld
from tests.sandbox.peers import ref_of

UNKNOWN_ALARM = "Nobody can say whether a payout was paid"
LATE_ALARM = "A payout link that had ended was paid"


def test_a_lost_answer_leaves_the_payout_unknown_and_a_new_link_may_be_made(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.lose_answer(payout_id)
    assert (world.status(payout_id), world.pending(payout_id)) == ("unknown", 45_000)
    assert len(world.alarms(UNKNOWN_ALARM)) == 1

    world.pay(world.approved(payout_id))
    assert [attempt.status for attempt in world.attempts(payout_id)] == ["unknown", "paid"]
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def test_an_orphan_that_is_paid_pays_the_open_payout_and_takes_the_new_link_back(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    orphan = world.lose_answer(payout_id)
    second = world.approved(payout_id)
    world.pay(orphan)

    assert [attempt.status for attempt in world.attempts(payout_id)] == ["paid", "cancelled"]
    assert (world.status(payout_id), world.shown(payout_id)["pay_url"]) == ("paid", None)
    assert world.alarms(LATE_ALARM)[0]["severity"] == "critical", "nobody should pay the second link"
    world.earn(mentor, 50_000)
    world.pay(second)  # from a tab that was still open
    assert world.wallet(mentor) == (5_000, 0, 5_000), "what the mentor received twice is taken from the earnings"
    assert world.paid_out() == 90_000, "and our books tell the same of the gateway as the gateway does"


def test_while_an_orphan_can_be_paid_the_money_goes_back_to_nobody(world: PayoutWorld) -> None:
    mentor, clerk = world.earner(), world.clerk()
    payout_id = world.requested(mentor)
    world.lose_answer(payout_id)
    assert world.take_back(mentor, payout_id).status_code == 409
    assert world.reject(clerk, payout_id).json["code"] == "link_can_still_be_paid"
    world.let_expire()
    assert world.status(payout_id) == "unknown", "nobody can ask for a link without its reference"
    assert world.reject(clerk, payout_id).status_code == 200
    assert world.wallet(mentor) == (45_000, 0, 45_000)


def test_while_an_orphan_can_be_paid_a_payout_that_is_pending_again_cannot_be_cancelled(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    world.lose_answer(payout_id)
    refuse_link(world, payout_id)
    assert world.status(payout_id) == "pending"
    assert world.take_back(mentor, payout_id).json["code"] == "link_can_still_be_paid"
    world.let_expire()
    assert world.take_back(mentor, payout_id).status_code == 200


def test_the_time_of_an_orphan_runs_from_the_call_that_made_it(world: PayoutWorld) -> None:
    """The workers came an hour late: so does the end of the link that they had made."""
    payout_id = world.requested(world.earner())
    world.gateway.order("error_500_after_success", on="create")
    world.approve(world.clerk(), payout_id)
    world.advance_without_workers(seconds=HOUR)
    world.drain()
    world.advance(seconds=RETURN_SECONDS - 240)
    assert world.reject(world.clerk(), payout_id).json["code"] == "link_can_still_be_paid"
    world.advance(seconds=480)
    assert world.reject(world.clerk(), payout_id).status_code == 200


def test_an_orphan_that_a_ping_has_named_is_looked_at_without_another(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    orphan = world.lose_answer(payout_id)
    (attempt,) = world.attempts(payout_id)
    ping(world, attempt.id, ref_of(orphan))
    world.drain()
    world.gateway.order("no_webhook")
    world.click(orphan, pings=0)
    world.advance(seconds=6)
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def refuse_link(world: PayoutWorld, payout_id: str) -> None:
    """Approve a payout and have the gateway refuse its link."""
    refusal = {"location": f"{world.gateway.sandbox.url}/elsewhere"}
    world.gateway.order("redirect", on="create", **refusal)
    assert world.approve(world.clerk(), payout_id).status_code == 200
    world.drain()


def test_a_refused_link_returns_the_payout_and_the_back_office_is_told(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    refuse_link(world, payout_id)
    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("pending", "failed")
    (alarm,) = world.alarms("The gateway refuses the link of a payout")
    assert (alarm["severity"], alarm["related"]["id"]) == ("error", payout_id)
    world.pay(world.approved(payout_id))
    assert world.status(payout_id) == "paid"


@pytest.mark.parametrize("paid", ["unseen", "shown"])
def test_a_worker_killed_inside_the_create_call_leaves_an_attempt_that_gets_its_link(
    world: PayoutWorld, paid: str
) -> None:
    payout_id = world.requested(world.earner())
    world.approve(world.clerk(), payout_id)
    (attempt,) = world.attempts(payout_id)
    die_in_the_create_call(attempt.id)
    shown = come_back(world, payout_id)
    links = [
        item["payment_ref"] for item in world.gateway.get("/konnect/payments", order_id=str(attempt.id)).json()["items"]
    ]
    assert len(links) == 2, "the gateway was asked twice"
    (unseen,) = [ref for ref in links if ref not in shown]
    world.pay(shown if paid == "shown" else f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={unseen}")
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def test_the_link_that_is_shown_is_looked_at_even_if_a_ping_has_named_one_that_nobody_saw(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approve(world.clerk(), payout_id)
    (attempt,) = world.attempts(payout_id)
    die_in_the_create_call(attempt.id)
    (unseen,) = world.gateway.get("/konnect/payments", order_id=str(attempt.id)).json()["items"]
    ping(world, attempt.id, unseen["payment_ref"])
    world.drain()
    shown = come_back(world, payout_id)
    assert unseen["payment_ref"] not in shown
    world.gateway.order("no_webhook")
    world.click(shown, pings=0)
    world.let_expire()
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000), "it would have been paid a second time"


def come_back(world: PayoutWorld, payout_id: str) -> str:
    """Let the lease of a dead worker run out, and another one do the work; the link that it brings."""
    rescue()
    world.drain()
    return str(world.shown(payout_id)["pay_url"])


def test_a_payout_whose_link_was_never_asked_for_returns_by_the_clock(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approve(world.clerk(), payout_id)
    world.let_expire()
    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("pending", "expired")
    assert world.gateway.get("/konnect/payments").json()["items"] == []
