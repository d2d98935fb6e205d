"""Mentors say where their money goes, ask for it, and may take the request back: earnings leave the wallet once."""

from __future__ import annotations

from app.infra.config import settings
from app.payouts.states import PayoutState
from tests.factories.payouts import MENTORS_WALLET
from tests.payments.world import API
from tests.payouts.world import PayoutWorld, money

ANOTHER_WALLET = "0" * 24


# --- the destination -------------------------------------------------------------------------------------------------


def test_a_destination_is_set_shown_and_changed(world: PayoutWorld) -> None:
    mentor = world.earner(0, wallet=None)
    assert world.send(mentor, "GET", "/payouts/destination").status_code == 404
    for wallet in (MENTORS_WALLET, ANOTHER_WALLET):
        body = {"konnect_wallet_id": wallet}
        put = world.send(mentor, "PUT", "/payouts/destination", body)
        assert (put.status_code, put.json) == (200, body)
        assert world.get(mentor, "/payouts/destination") == body


NO_WALLETS = (
    "", "a1b2", MENTORS_WALLET.upper(), MENTORS_WALLET + "0", MENTORS_WALLET + "\n", " " + MENTORS_WALLET[1:], "g" * 24,
    "\u0660" * 24, 24, None, [],
)  # fmt: skip


def test_what_is_no_wallet_of_konnect_is_refused(world: PayoutWorld) -> None:
    mentor = world.earner(0)
    for wallet in NO_WALLETS:
        refused = world.send(mentor, "PUT", "/payouts/destination", {"konnect_wallet_id": wallet})
        assert refused.status_code == 422, wallet
        assert refused.json["errors"][0]["pointer"] == "/konnect_wallet_id"
    assert world.get(mentor, "/payouts/destination") == {"konnect_wallet_id": MENTORS_WALLET}


def test_our_own_wallet_is_nobodys_destination(world: PayoutWorld) -> None:
    """The link would be paid from it into it: the books would tell of money that has never left."""
    mentor = world.earner(0)
    refused = world.send(mentor, "PUT", "/payouts/destination", {"konnect_wallet_id": settings().konnect_wallet_id})
    assert (refused.status_code, refused.json["code"]) == (422, "own_wallet_needed")
    assert refused.json["errors"][0]["pointer"] == "/konnect_wallet_id"
    assert world.get(mentor, "/payouts/destination") == {"konnect_wallet_id": MENTORS_WALLET}


def test_who_has_not_the_role_is_refused(world: PayoutWorld) -> None:
    learner = world.person()
    for call in (
        "GET /payouts/destination", "PUT /payouts/destination", "POST /payouts", "GET /payouts", "GET /admin/payouts"
    ):  # fmt: skip
        method, path = call.split()
        body = {} if method != "GET" else None
        assert world.send(learner, method, path, body).status_code == 403, call
        assert world.client.open(f"{API}{path}", method=method).status_code == 401, call


# --- asking ----------------------------------------------------------------------------------------------------------


def test_a_payout_takes_the_money_out_of_the_earnings(world: PayoutWorld) -> None:
    mentor = world.earner(50_000)
    made = world.ask(mentor, 45_000)
    assert made.status_code == 201
    assert made.headers["Location"] == f"/api/v1/payouts/{made.json['id']}"
    shown = dict(made.json)
    assert shown.pop("requested_at").endswith("Z")
    assert shown == {
        "id": made.json["id"], "status": "pending", "amount": money(45_000), "mentor_id": str(mentor.id),
        "destination": {"konnect_wallet_id": MENTORS_WALLET}, "decided_at": None, "paid_at": None, "reason": None,
    }  # fmt: skip
    assert world.wallet(mentor) == (5_000, 0, 5_000)
    assert world.pending(made.json["id"]) == 45_000
    (movement,) = [one for one in world.get(mentor, "/wallet/transactions")["items"] if one["kind"] == "payout"]
    assert (movement["amount"]["amount"], movement["reference"]) == (
        -45_000,
        {"kind": "payout", "id": made.json["id"]},
    )


def test_a_payout_keeps_the_destination_that_stood_when_it_was_requested(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    world.send(mentor, "PUT", "/payouts/destination", {"konnect_wallet_id": ANOTHER_WALLET})
    link = world.approved(payout_id)
    assert world.gateway.listed(link)["receiver_wallet"] == MENTORS_WALLET


NO_AMOUNTS = (
    ({"amount": 0, "currency": "TND"}, "amount_not_payable"),
    ({"amount": 1_000, "currency": "EUR"}, "unsupported_currency"),
    ({"amount": 1_000, "currency": "QQQ"}, "unsupported_currency"),
    ({"amount": 1_000, "currency": "tnd"}, "unsupported_currency"),
    ({"amount": -1, "currency": "TND"}, "invalid_input"),
    ({"amount": 2**63, "currency": "TND"}, "invalid_input"),
    ({"amount": 1.5, "currency": "TND"}, "invalid_input"),
    ({"amount": "1000", "currency": "TND"}, "invalid_input"),
    ({"amount": True, "currency": "TND"}, "invalid_input"),
    ({"amount": 1_000}, "invalid_input"),
    ({"amount": 1_000, "currency": "TND", "to": ANOTHER_WALLET}, "invalid_input"),
    (1_000, "invalid_input"),
    (None, "invalid_input"),
)


def test_an_amount_that_cannot_be_paid_out_is_refused(world: PayoutWorld) -> None:
    mentor = world.earner(45_000)
    for amount, code in NO_AMOUNTS:
        refused = world.post(mentor, "/payouts", {"amount": amount})
        assert (refused.status_code, refused.json["code"]) == (422, code), amount
        assert refused.json["errors"][0]["pointer"].startswith("/amount"), amount
    assert world.wallet(mentor) == (45_000, 0, 45_000)


def test_an_amount_beyond_what_the_books_hold_is_told_where_the_limits_are(world: PayoutWorld) -> None:
    refused = world.post(world.earner(), "/payouts", {"amount": {"amount": 10**12 + 1, "currency": "TND"}})
    assert refused.status_code == 422
    assert "0.001 TND to 1000000000.000 TND" in refused.json["detail"]


def test_a_body_with_an_unknown_field_or_without_the_amount_is_refused(world: PayoutWorld) -> None:
    mentor = world.earner()
    one = {"amount": 1, "currency": "TND"}
    for body in ({}, {"amount": one, "destination": ANOTHER_WALLET}, {"amount": one, "mentor_id": str(mentor.id)}):
        assert world.post(mentor, "/payouts", body).status_code == 422
    assert world.send(mentor, "POST", "/payouts", {"amount": one}).json["code"] == "idempotency_key_required"
    assert world.wallet(mentor) == (45_000, 0, 45_000)


def test_no_more_can_be_asked_for_than_was_earned(world: PayoutWorld) -> None:
    mentor = world.earner(45_000)
    world.pay(world.link(world.top_up(mentor, 10_000)))
    assert world.wallet(mentor) == (55_000, 0, 45_000)
    refused = world.ask(mentor, 45_001)
    assert (refused.status_code, refused.json["code"]) == (409, "insufficient_funds"), "a top-up is not paid out"
    assert world.wallet(mentor) == (55_000, 0, 45_000)


def test_without_a_destination_nothing_is_asked_for(world: PayoutWorld) -> None:
    mentor = world.earner(wallet=None)
    refused = world.ask(mentor, 45_000)
    assert (refused.status_code, refused.json["code"]) == (409, "no_destination")
    assert world.wallet(mentor) == (45_000, 0, 45_000)


def test_the_same_key_twenty_times_at_once_is_one_payout(world: PayoutWorld) -> None:
    mentor = world.earner(1_000_000)
    body = {"amount": {"amount": 45_000, "currency": "TND"}}
    headers = {"Idempotency-Key": "the-one"}
    answers = world.at_once(*[lambda: world.send(mentor, "POST", "/payouts", body, **headers)] * 20)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json["id"] for answer in answers if answer.status_code == 201}) == 1
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    assert world.wallet(mentor) == (955_000, 0, 955_000)
    assert world.scalar("SELECT count(*) FROM payout") == 1


def test_of_ten_payouts_for_one_balance_one_gets_it(world: PayoutWorld) -> None:
    mentor = world.earner(45_000)
    answers = world.at_once(*[lambda: world.ask_alone(mentor, 45_000)] * 10)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert {answer.json["code"] for answer in answers if answer.status_code == 409} == {"insufficient_funds"}
    assert world.wallet(mentor) == (0, 0, 0)


# --- seeing ----------------------------------------------------------------------------------------------------------


def test_a_mentor_sees_their_own_payouts_latest_first_and_nobody_elses(world: PayoutWorld) -> None:
    mentor, other = world.earner(), world.earner()
    mine = [world.requested(mentor, minor) for minor in (1, 2, 3)]
    theirs = world.requested(other, 4)
    first = world.get(mentor, "/payouts?limit=2")
    assert [item["id"] for item in first["items"]] == [mine[2], mine[1]]
    rest = world.get(mentor, f"/payouts?limit=2&cursor={first['next_cursor']}")
    assert ([item["id"] for item in rest["items"]], rest["next_cursor"]) == ([mine[0]], None)

    assert world.send(other, "GET", f"/payouts?cursor={first['next_cursor']}").status_code == 422
    assert world.send(mentor, "GET", "/payouts?limit=0").status_code == 422
    for payout_id in (theirs, str(mentor.id)):
        assert world.send(mentor, "GET", f"/payouts/{payout_id}").status_code == 404
        assert world.take_back(mentor, payout_id).status_code == 404
    assert world.status(theirs) == "pending"


def test_a_mentor_sees_neither_link_nor_clerk(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    world.approved(payout_id)
    assert not {"pay_url", "attempts", "decided_by", "debt"} & set(world.get(mentor, f"/payouts/{payout_id}"))


# --- taking it back --------------------------------------------------------------------------------------------------


def test_a_cancelled_payout_is_earnings_again(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    cancelled = world.take_back(mentor, payout_id)
    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert world.wallet(mentor) == (45_000, 0, 45_000)
    assert [one["kind"] for one in world.get(mentor, "/wallet/transactions")["items"]][:2] == ["payout_back", "payout"]


def test_what_was_decided_is_not_taken_back(world: PayoutWorld) -> None:
    for status in (state for state in PayoutState if state != PayoutState.PENDING):
        mentor = world.earner()
        payout_id = world.requested(mentor)
        world.bring_to(status, mentor, payout_id)
        before = world.wallet(mentor)
        refused = world.take_back(mentor, payout_id)
        assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition"), status
        assert (world.status(payout_id), world.wallet(mentor)) == (status, before)
