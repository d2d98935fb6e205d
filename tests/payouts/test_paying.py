"""An approved payout is paid by a link to the mentor's own wallet, once, and only the gateway's word counts."""

from __future__ import annotations

import psycopg
import pytest

from app.infra import crypto
from app.infra.changes import CHANNEL
from app.payouts.service.links import WEBHOOK_LABEL
from tests.factories.identity import token_for
from tests.factories.payouts import MENTORS_WALLET
from tests.patience import PATIENCE_SECONDS, eventually
from tests.payments.world import API
from tests.payouts.world import HOUR, PayoutWorld, money


def test_a_session_that_was_held_is_paid_out_to_its_mentor(world: PayoutWorld) -> None:
    offer = world.offer(price=45_000)
    learner = world.rich_person(45_000)
    assert world.book(learner, offer)["status"] == "confirmed"
    world.advance(seconds=96 * HOUR)
    assert world.wallet(offer.mentor) == (38_250, 0, 38_250), "45 TND less the fee of 15 %"

    put = world.send(offer.mentor, "PUT", "/payouts/destination", {"konnect_wallet_id": MENTORS_WALLET})
    assert put.status_code == 200
    payout_id = world.requested(offer.mentor, 38_250)
    assert world.wallet(offer.mentor) == (0, 0, 0)
    world.pay(world.approved(payout_id))

    assert world.status(payout_id) == "paid"
    assert world.paid_out() == -45_000 + 38_250, "what came in, less what went out"
    kinds = [movement["kind"] for movement in world.get(offer.mentor, "/wallet/transactions")["items"]]
    assert kinds == ["payout", "earning"]


def test_the_link_asks_for_just_this_amount_to_the_wallet_of_the_mentor(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner(), 44_001)
    link = world.approved(payout_id)

    shown = world.shown(payout_id)
    (attempt,) = shown["attempts"]
    assert (shown["status"], attempt["status"]) == ("processing", "awaiting_payer")
    at_gateway = world.gateway.listed(link)
    assert (at_gateway["order_id"], at_gateway["amount"], at_gateway["token"]) == (attempt["id"], 44_001, "TND")
    assert at_gateway["receiver_wallet"] == MENTORS_WALLET
    assert at_gateway["expires_at"] <= attempt["expires_at"], "we wait at least as long as the link can be paid"


def test_the_attempt_stands_in_the_database_before_the_gateway_is_asked(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    approved = world.approve(world.clerk(), payout_id)
    (attempt,) = approved.json["attempts"]
    assert (approved.json["status"], approved.json["pay_url"], attempt["status"]) == ("approved", None, "initiating")
    assert world.gateway.get("/konnect/payments").json()["items"] == []


def test_a_paid_payout_tells_when_and_moves_the_money_once(world: PayoutWorld) -> None:
    mentor = world.earner(50_000)
    payout_id = world.requested(mentor, 45_000)
    link = world.approved(payout_id)
    assert world.pending(payout_id) == 45_000
    world.gateway.order("duplicate_webhooks", copies=9, seconds=0)
    world.pay(link, pings=10)

    shown = world.get(mentor, f"/payouts/{payout_id}")
    assert shown["status"] == "paid"
    assert shown["amount"] == money(45_000)
    assert shown["paid_at"] >= shown["decided_at"] >= shown["requested_at"]
    assert (world.pending(payout_id), world.paid_out()) == (0, 45_000)
    assert world.wallet(mentor) == (5_000, 0, 5_000)
    assert world.shown(payout_id)["pay_url"] is None
    assert world.attempts(payout_id)[0].status == "paid"
    assert world.events("PayoutPaid") == 1


def test_without_a_webhook_a_poll_finds_the_money(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    world.drain()
    assert world.status(payout_id) == "processing"
    world.advance(seconds=6)
    assert world.status(payout_id) == "paid"


def test_a_webhook_that_overtakes_the_create_answer_is_no_loss(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.gateway.order("webhook_before_create_answer")
    world.pay(world.approved(payout_id))
    assert world.status(payout_id) == "paid"


def test_a_ping_without_money_changes_nothing(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    (attempt,) = world.attempts(payout_id)
    path = f"{API}/webhooks/konnect-payout/{attempt.id}/{crypto.mac(WEBHOOK_LABEL, str(attempt.id))}"
    for _ in range(5):
        assert world.client.get(path, query_string={"payment_ref": attempt.payment_ref}).status_code == 200
    assert world.scalar("SELECT count(*) FROM payout_ping") == 1, "a storm writes one row"
    assert world.events("PayoutWebhookReceived") == 1
    world.drain()
    assert world.status(payout_id) == "processing"
    world.pay(link)
    assert world.status(payout_id) == "paid"


def test_a_browser_is_sent_to_a_page_that_shows_our_state_only(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    (attempt,) = world.attempts(payout_id)
    path = f"{API}/webhooks/konnect-payout/{attempt.id}/{crypto.mac(WEBHOOK_LABEL, str(attempt.id))}"
    sent = world.client.get(path, headers={"Accept": "text/html"})
    assert sent.status_code == 303
    page = world.client.get(sent.headers["Location"])
    assert page.status_code == 200
    assert "awaiting payer" in page.text
    assert attempt.payment_ref not in page.text
    assert world.client.get(f"{API}/payout-links/{payout_id}/result").status_code == 404


@pytest.mark.parametrize(
    ("fault", "fields", "aside"),
    [
        ("wrong_amount", {}, 44_999),
        ("wrong_amount", {"amount": 46_000}, 46_000),
        ("wrong_currency", {"currency": "QQQ"}, 0),
        ("wrong_order", {}, 45_000),
        ("wrong_receiver", {}, 45_000),
    ],
)
def test_a_link_that_was_paid_otherwise_than_asked_pays_nothing(
    world: PayoutWorld, fault: str, fields: dict[str, object], aside: int
) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)
    world.gateway.order(fault, **fields)
    world.pay(link)

    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("unknown", "conflicted")
    assert (world.pending(payout_id), world.paid_out()) == (45_000, aside)
    assert world.balance("suspense:konnect") == -45_000 - aside, "beside what the factory gave"
    (alarm,) = world.alarms("A payout was paid otherwise than it asks")
    assert (alarm["severity"], alarm["related"]) == ("critical", {"kind": "payout", "id": payout_id})
    assert f"/api/v1/admin/payouts/{payout_id}/resolve" in alarm["message"], "there is a way out, and it is told"

    for refused in (world.approve(world.clerk(), payout_id), world.take_back(mentor, payout_id)):
        assert refused.status_code == 409, "nobody pays again what may have been paid"
    assert world.reject(world.clerk(), payout_id).status_code == 200, "a person who has looked decides"
    assert world.wallet(mentor) == (45_000, 0, 45_000)


def test_a_part_that_was_paid_is_put_aside_when_the_link_has_expired(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.pay(world.approved(payout_id), partial="10000")
    assert world.status(payout_id) == "processing", "the rest may still come"
    world.let_expire()
    assert (world.status(payout_id), world.paid_out()) == ("unknown", 10_000)


@pytest.mark.parametrize("fault", ["error_500", "drip"])
def test_a_fetch_that_fails_is_tried_again(world: PayoutWorld, configure, fault: str) -> None:
    payout_id = world.requested(world.earner())
    link = world.approved(payout_id)
    configure(GATEWAY_TOTAL_SECONDS=1)  # not before: a link may take its time on a busy machine
    world.gateway.order(fault, on="fetch")
    world.pay(link)
    assert world.status(payout_id) == "paid"


def test_a_change_is_announced_to_those_who_wait(world: PayoutWorld, owner: psycopg.Connection) -> None:
    payout_id = world.requested(world.earner())
    owner.execute(f"LISTEN {CHANNEL}")
    for change in (
        lambda: world.approve(world.clerk(), payout_id),
        world.drain,
        lambda: world.pay(world.shown(payout_id)["pay_url"]),
    ):
        change()
        assert [notice.payload for notice in owner.notifies(timeout=PATIENCE_SECONDS, stop_after=1)] == [payout_id]


def test_a_waiting_mentor_is_answered_when_the_payout_is_paid(world: PayoutWorld, monkeypatch) -> None:
    monkeypatch.setattr("app.web.waiting.MAX_SECONDS", 3_600)
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)

    def wait() -> str:
        return world.send(mentor, "GET", f"/payouts/{payout_id}", Prefer="wait=3600").json["status"]

    def pay() -> str:
        world.pay(link)
        return world.status(payout_id)

    assert world.at_once(wait, pay) == ["paid", "paid"]
    eventually(lambda: world.client.get(f"{API}/payouts/{payout_id}", headers=token_for(mentor)).json["paid_at"])
