"""POST /payments/init-payment, as Konnect documents it."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest

from sandbox.server import Sandbox
from sandbox.settings import Settings
from tests.sandbox.peers import KEY, WALLET, Gateway, ref_of

URL = "/konnect/api/v2/payments/init-payment"


def test_it_answers_with_a_pay_link_and_a_reference_of_24_hex_digits(gateway: Gateway) -> None:
    answer = gateway.init(orderId="a1", lifespan=15, description="One hour")

    assert answer.status_code == 200
    assert set(answer.json()) == {"payUrl", "paymentRef"}
    ref = answer.json()["paymentRef"]
    assert re.fullmatch("[0-9a-f]{24}", ref)
    assert answer.json()["payUrl"] == f"http://127.0.0.1:{gateway.sandbox.port}/konnect/pay?payment_ref={ref}"


def test_every_documented_field_is_taken(gateway: Gateway) -> None:
    answer = gateway.init(
        description="One hour",
        acceptedPaymentMethods=["wallet", "bank_card", "e-DINAR", "flouci"],
        lifespan=10,
        checkoutForm=True,
        addPaymentFeesToAmount=False,
        firstName="Lina",
        lastName="B",
        phoneNumber="22777777",
        email="lina@example.com",
        orderId="o",
        webhook="http://127.0.0.1:9/webhooks/konnect",
        silentWebhook=True,
        successUrl="https://example.com/paid",
        failUrl="https://example.com/failed",
        theme="dark",
    )

    assert answer.status_code == 200


def test_the_same_order_asked_twice_gives_two_payments(gateway: Gateway) -> None:
    """Konnect has no idempotency key: a create call that is repeated opens a second link."""
    first, second = (gateway.opened(orderId="same") for _ in range(2))

    assert ref_of(first) != ref_of(second)


@pytest.mark.parametrize("key", ["", "wrong", "clé"])
def test_only_the_right_key_opens_it(http: httpx.Client, key: str) -> None:
    wrong = [(b"x-api-key", key.encode())]
    with Sandbox(Settings(konnect_api_key=KEY["x-api-key"])) as locked:
        gateway = Gateway(locked, http)
        good, body = gateway.opened(), {"receiverWalletId": WALLET, "amount": 1}
        created = gateway.http.post(locked.url + URL, json=body, headers=wrong)
        fetched = gateway.http.get(f"{locked.konnect_url}/payments/{ref_of(good)}", headers=wrong)

        for answer in (created, fetched):
            assert answer.status_code == 401
            assert "x-api-key" in answer.json()["errors"][0]["message"]
        assert len(gateway.get("/konnect/payments").json()["items"]) == 1


def test_without_a_key_of_its_own_any_will_do_but_none_will_not(gateway: Gateway) -> None:
    body = {"receiverWalletId": WALLET, "amount": 1}

    assert gateway.http.post(gateway.sandbox.url + URL, json=body, headers={"x-api-key": "any"}).status_code == 200
    assert gateway.http.post(gateway.sandbox.url + URL, json=body, headers={"x-api-key": ""}).status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("receiverWalletId", None),
        ("receiverWalletId", "5F7A209AEB3F76490AC4A3D1"),
        ("receiverWalletId", 7),
        ("amount", None),
        ("amount", 0),
        ("amount", -45_000),
        ("amount", 45.0),
        ("amount", "45000"),
        ("amount", True),
        ("amount", 10**30),
        ("token", "JPY"),
        ("type", "later"),
        ("description", "x" * 281),
        ("description", "\0"),
        ("orderId", 17),
        ("orderId", "\ud800"),
        ("lifespan", 0),
        ("lifespan", "15"),
        ("acceptedPaymentMethods", []),
        ("acceptedPaymentMethods", ["cash"]),
        ("acceptedPaymentMethods", [["cash"]]),
        ("checkoutForm", "yes"),
        ("successUrl", "javascript:alert(1)"),
        ("webhook", "not a url"),
        ("webhook", "ftp://127.0.0.1/x"),
        ("webhook", "https://example.com/webhook"),
        ("webhook", "http://127.0.0.1.example.com/webhook"),
        ("webhook", "http://127.0.0.1:99999/webhook"),
        ("webhook", "http://[::1/webhook"),
        ("webhook", "http://127.0.0.1/\u00e9"),
        ("webhook", "http://127.0.0.1/#fragment"),
        ("ammount", 45_000),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_opens_nothing(gateway: Gateway, field: str, value: object) -> None:
    order = uuid.uuid4().hex
    answer = gateway.init(**{"orderId": order, field: value})

    assert answer.status_code == 400
    assert any(error["message"].startswith(field) for error in answer.json()["errors"])
    assert gateway.get("/konnect/payments", order_id=order).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"\xff\xfe", "not JSON"),
        (b'{"amount": NaN}', "NaN is not JSON"),
        (b'{"amount": 1, "amount": 2}', "twice"),
        (b'{"amount": ' + b"1" * 5000 + b"}", "not JSON"),
        (b"[" * 100_000, "too deep"),
    ],
    ids=["empty", "open", "list", "null", "not text", "NaN", "twice", "5000 digits", "deep"],
)
def test_a_body_that_is_not_one_json_object_is_refused(gateway: Gateway, body: bytes, says: str) -> None:
    answer = gateway.http.post(gateway.sandbox.url + URL, content=body)

    assert answer.status_code == 400
    assert says in answer.json()["errors"][0]["message"]


def test_a_body_above_the_limit_is_refused(gateway: Gateway) -> None:
    answer = gateway.http.post(gateway.sandbox.url + URL, content=b"x" * 2_000_000)

    assert answer.status_code == 413
    assert answer.json()["errors"]


def test_the_wrong_method_is_refused_with_the_right_one(gateway: Gateway) -> None:
    answer = gateway.http.put(gateway.sandbox.url + URL, json={})

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_name_that_is_not_of_loopback_is_refused(gateway: Gateway) -> None:
    """A web page whose name was rebound to 127.0.0.1 must not drive the sandbox of whoever looks at it."""
    answer = gateway.http.get(gateway.sandbox.url + "/mailbox", headers={"Host": "evil.example.com"})

    assert answer.status_code == 400
