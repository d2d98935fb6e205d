"""POST /wallet/top-ups and GET /payments/{id}: what is asked, what is refused, and who sees it (API §1, §5)."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest

from tests.factories.identity import MadeUser, token_for
from tests.patience import eventually
from tests.payments.conftest import Configure
from tests.payments.world import API, World

PATH = "/wallet/top-ups"


@pytest.fixture
def payer(world: World) -> MadeUser:
    return world.person()


def tnd(amount: object) -> dict[str, Any]:
    return {"amount": {"amount": amount, "currency": "TND"}}


def nothing_was_changed(world: World) -> bool:
    return world.scalar("SELECT (SELECT count(*) FROM payment) + (SELECT count(*) FROM event)") == 0


def test_a_top_up_is_a_payment_with_an_address_of_its_own(world: World, payer: MadeUser) -> None:
    made = world.post(payer, PATH, tnd(45_000))
    assert made.status_code == 201
    assert made.headers["Location"] == f"{API}/payments/{made.json['id']}"
    assert made.json == {
        "id": made.json["id"], "status": "initiating", "gateway": "konnect", "purpose": "top_up", "order_id": None,
        "amount": {"amount": 45_000, "currency": "TND", "formatted": "45.000 TND"}, "pay_url": None,
        "expires_at": made.json["expires_at"],
    }  # fmt: skip
    assert made.json["expires_at"].endswith("Z")
    assert world.payment(payer, made.json["id"]) == made.json


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "invalid_input", "/amount"),
        ({"amount": None}, "invalid_input", "/amount"),
        ({"amount": 45_000}, "invalid_input", "/amount"),
        ({"amount": []}, "invalid_input", "/amount"),
        ({"amount": {"amount": 1}}, "invalid_input", "/amount/currency"),
        ({"amount": {"currency": "TND"}}, "invalid_input", "/amount/amount"),
        (tnd(1.0), "invalid_input", "/amount/amount"),
        (tnd(45_000.5), "invalid_input", "/amount/amount"),
        (tnd("45000"), "invalid_input", "/amount/amount"),
        (tnd(amount=True), "invalid_input", "/amount/amount"),
        (tnd(None), "invalid_input", "/amount/amount"),
        (tnd(-1), "invalid_input", "/amount/amount"),
        (tnd(0), "amount_not_payable", "/amount"),
        (tnd(10**12 + 1), "amount_not_payable", "/amount"),
        (tnd(2**63 - 1), "amount_not_payable", "/amount"),
        (tnd(2**63), "invalid_input", "/amount/amount"),
        (tnd(-(2**63) - 1), "invalid_input", "/amount/amount"),
        (tnd(10**400), "invalid_input", "/amount/amount"),
        ({"amount": {"amount": 1, "currency": "EUR"}}, "unsupported_currency", "/amount/currency"),
        ({"amount": {"amount": 1, "currency": "JPY"}}, "unsupported_currency", "/amount/currency"),
        ({"amount": {"amount": 1, "currency": "ZZZ"}}, "unsupported_currency", "/amount/currency"),
        ({"amount": {"amount": 1, "currency": "tnd"}}, "unsupported_currency", "/amount/currency"),
        ({"amount": {"amount": 1, "currency": ""}}, "unsupported_currency", "/amount/currency"),
        ({"amount": {"amount": 1, "currency": "TND\0"}}, "invalid_input", "/amount/currency"),
        ({"amount": {"amount": 1, "currency": 788}}, "invalid_input", "/amount/currency"),
        (tnd(1) | {"to": "somebody"}, "invalid_input", "/to"),
        ({"amount": {"amount": 1, "currency": "TND", "rate": 2}}, "invalid_input", "/amount/rate"),
    ],
)
def test_what_is_no_amount_of_ours_is_refused_and_changes_nothing(
    world: World, payer: MadeUser, body: object, code: str, pointer: str
) -> None:
    refused = world.post(payer, PATH, body)
    assert (refused.status_code, refused.json["code"]) == (422, code), refused.text
    assert pointer in [error["pointer"] for error in refused.json["errors"]], refused.text
    assert refused.mimetype == "application/problem+json"
    assert nothing_was_changed(world)


def test_an_amount_that_the_gateway_would_not_take_is_refused_with_what_it_takes(
    world: World, payer: MadeUser, configure: Configure
) -> None:
    configure(KONNECT_MINIMUM_MILLIMES=1_000, KONNECT_STEP_MILLIMES=10)
    for amount in (999, 1_005):
        refused = world.post(payer, PATH, tnd(amount))
        assert (refused.status_code, refused.json["code"]) == (422, "amount_not_payable")
        assert "1.000 TND" in refused.json["detail"]
        assert "0.010 TND" in refused.json["detail"]
    assert world.post(payer, PATH, tnd(1_000)).status_code == 201


@pytest.mark.parametrize("key", [None, "", "   ", "é", "k" * 256, '"', 'a"b', "two words"])
def test_a_key_is_needed(world: World, payer: MadeUser, key: str | None) -> None:
    headers = token_for(payer) | ({} if key is None else {"Idempotency-Key": key})
    refused = world.client.post(API + PATH, json=tnd(1), headers=headers)
    assert (refused.status_code, refused.json["code"]) == (400, "idempotency_key_required")
    assert nothing_was_changed(world)


def test_the_same_key_tells_the_same_answer(world: World, payer: MadeUser) -> None:
    first, again = (world.post(payer, PATH, tnd(45_000), key="mine") for _ in range(2))
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    other_body = world.post(payer, PATH, tnd(45_001), key="mine")
    assert (other_body.status_code, other_body.json["code"]) == (422, "idempotency_key_reused")
    assert world.post(world.person(), PATH, tnd(45_000), key="mine").json["id"] != first.json["id"], (
        "keys are one's own"
    )


def test_a_refusal_changed_nothing_and_may_be_tried_again_with_the_same_key(world: World, payer: MadeUser) -> None:
    assert world.post(payer, PATH, tnd(0), key="mine").status_code == 422
    assert world.post(payer, PATH, tnd(1), key="mine").status_code == 201


def test_nobody_sees_somebody_elses_payment(world: World, payer: MadeUser) -> None:
    payment_id = world.top_up(payer, 45_000)
    somebody = token_for(world.person())
    for target in (payment_id, uuid4(), "nonsense"):
        assert world.client.get(f"{API}/payments/{target}", headers=somebody).status_code == 404
    assert world.client.get(f"{API}/payments/{payment_id}").status_code == 401
    assert world.client.post(API + PATH, json=tnd(1), headers={"Idempotency-Key": "x"}).status_code == 401


def test_whoever_waits_is_told_as_soon_as_the_link_is_there(
    world: World, payer: MadeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = world.top_up(payer, 45_000)
    monkeypatch.setattr("app.web.waiting.MAX_SECONDS", 3_600)
    worker = threading.Timer(0.3, world.drain)
    worker.start()
    headers = token_for(payer) | {"Prefer": "wait=3600"}
    found = world.client.get(f"{API}/payments/{payment_id}", headers=headers)
    assert found.json["pay_url"]
    assert found.headers["Preference-Applied"] == "wait=3600"
    worker.join()
    eventually(lambda: world.attempt(payment_id).status == "awaiting_payer")
