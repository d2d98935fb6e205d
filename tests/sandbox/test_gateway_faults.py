"""Every fault of the gateway, as a merchant meets it."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.patience import PATIENCE_SECONDS, eventually
from tests.sandbox.peers import Gateway, Merchant, ref_of


def opened_orders(gateway: Gateway, order_id: str) -> int:
    return len(gateway.get("/konnect/payments", order_id=order_id).json()["items"])


@pytest.mark.parametrize(("on", "slow"), [("create", [True, False]), ("fetch", [False, True]), ("any", [True, True])])
def test_delay(gateway: Gateway, on: str, slow: list[bool]) -> None:
    gateway.order("delay", seconds=0.2, on=on, count=None)
    created = gateway.init()
    fetched = gateway.fetch(created.json()["payUrl"])

    for answer, is_slow in zip((created, fetched), slow, strict=True):
        assert answer.elapsed.total_seconds() >= (0.2 if is_slow else 0)
    assert [fault["hits"] for fault in gateway.get("/faults").json()["items"]] == [sum(slow)]
    assert created.status_code == fetched.status_code == 200


def test_error_500_does_nothing(gateway: Gateway) -> None:
    gateway.order("error_500", on="create")
    answer = gateway.init(orderId="broken")

    assert answer.status_code == 500
    assert answer.json()["errors"]
    assert opened_orders(gateway, "broken") == 0
    assert gateway.init(orderId="broken").status_code == 200, "it was ordered once"


def test_error_500_after_success_has_done_the_work(gateway: Gateway) -> None:
    gateway.order("error_500_after_success")

    assert gateway.init(orderId="broken-after").status_code == 500
    assert opened_orders(gateway, "broken-after") == 1


def test_rate_limited(gateway: Gateway) -> None:
    gateway.order("rate_limited", seconds=7, on="any", count=2)
    answer = gateway.init(orderId="limited")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["errors"]
    assert gateway.init(orderId="limited").status_code == 429
    assert opened_orders(gateway, "limited") == 0


def test_redirect(gateway: Gateway) -> None:
    gateway.order("redirect", location="http://127.0.0.1:9/elsewhere")
    answer = gateway.init()

    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


def test_timeout_after_success_opens_the_payment_and_never_answers(gateway: Gateway) -> None:
    gateway.order("timeout_after_success", seconds=3600)
    with pytest.raises(httpx.ReadTimeout):
        gateway.http.post(
            f"{gateway.sandbox.konnect_url}/payments/init-payment",
            json={"receiverWalletId": "0" * 24, "amount": 1, "orderId": "orphan"},
            timeout=httpx.Timeout(PATIENCE_SECONDS, read=0.3),
        )

    eventually(lambda: opened_orders(gateway, "orphan") == 1)


def test_timeout_after_success_ends_in_a_closed_connection(gateway: Gateway) -> None:
    gateway.order("timeout_after_success", seconds=0.2)
    started = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.init()

    assert time.monotonic() - started >= 0.2


def test_not_json(gateway: Gateway) -> None:
    gateway.order("not_json", on="fetch")
    answer = gateway.fetch(gateway.opened())

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_huge_answer(gateway: Gateway) -> None:
    gateway.order("huge_answer", megabytes=3, on="fetch")
    answer = gateway.fetch(gateway.opened())

    assert len(answer.content) == int(answer.headers["Content-Length"]) == 3 * 1024 * 1024
    assert set(answer.json()) == {"padding"}, "it is JSON all right"


def test_drip(gateway: Gateway) -> None:
    gateway.order("drip", seconds=0.5, on="create")
    body = {"receiverWalletId": "0" * 24, "amount": 1}
    with gateway.http.stream("POST", f"{gateway.sandbox.konnect_url}/payments/init-payment", json=body) as answer:
        chunks = answer.iter_raw()
        first = next(chunks)
        gateway.http.delete(f"{gateway.sandbox.url}/faults")
        rest = b"".join(chunks)

    assert len(first) < len(rest), "a byte, or some where the reader is slow"
    assert set(json.loads(first + rest)) == {"payUrl", "paymentRef"}


def test_no_webhook(gateway: Gateway, merchant: Merchant) -> None:
    silent, loud = (gateway.opened(webhook=merchant.url) for _ in range(2))
    gateway.order("no_webhook")
    gateway.click(silent)
    gateway.click(loud)
    merchant.wait_for(1)

    assert gateway.payment(silent)["status"] == "completed"
    assert merchant.refs() == [ref_of(loud)]


def test_duplicate_webhooks_come_at_the_same_time_and_after(gateway: Gateway, merchant: Merchant) -> None:
    together = threading.Barrier(3)

    def meet(_ref: str) -> None:
        together.wait(PATIENCE_SECONDS)

    merchant.on_call = meet
    link = gateway.opened(webhook=merchant.url)
    gateway.order("duplicate_webhooks", copies=3, seconds=0.2)
    clicked = time.monotonic()
    gateway.click(link)

    merchant.wait_for(3)
    merchant.on_call = lambda _ref: None
    assert merchant.wait_for(4) == [ref_of(link)] * 4
    assert time.monotonic() - clicked >= 0.2


def test_webhook_before_create_answer(gateway: Gateway, merchant: Merchant) -> None:
    seen: list[tuple[str, bool]] = []
    answered = threading.Event()

    def look(ref: str) -> None:
        payment = gateway.http.get(f"{gateway.sandbox.konnect_url}/payments/{ref}").json()["payment"]
        seen.append((payment["status"], answered.is_set()))

    merchant.on_call = look
    gateway.order("webhook_before_create_answer")
    link = gateway.opened(webhook=merchant.url)
    answered.set()

    assert seen == [("pending", False)]
    assert gateway.listed(link)["webhook_calls"][0]["status"] == 200


@pytest.mark.parametrize(
    ("fault", "fields", "changed"),
    [
        ("wrong_amount", {"amount": 1}, {"amount": 1, "reachedAmount": 1}),
        ("wrong_amount", {"amount": 90_000}, {"amount": 90_000, "reachedAmount": 90_000}),
        ("wrong_amount", {}, {"amount": 44_999, "reachedAmount": 44_999}),
        ("wrong_currency", {}, {"token": "EUR"}),
        ("wrong_currency", {"currency": "JPY"}, {"token": "JPY"}),
        ("wrong_order", {"other_order_id": "theirs"}, {"orderId": "theirs"}),
        ("wrong_receiver", {"receiver_wallet": "f" * 24}, {"receiverWallet": {"_id": "f" * 24, "id": "f" * 24}}),
    ],
)
def test_fetch_reports_what_is_wrong_and_then_the_truth(
    gateway: Gateway, fault: str, fields: dict[str, Any], changed: dict[str, Any]
) -> None:
    link = gateway.opened(orderId="ours")
    gateway.click(link)
    truth = gateway.payment(link)
    gateway.order(fault, **fields)
    told = gateway.payment(link)

    assert {name: told[name] for name in changed} == changed
    assert told["status"] == "completed"
    untouched = truth.keys() - changed.keys() - {"convertedAmount", "exchangeRate"}
    assert {name: told[name] for name in untouched} == {name: truth[name] for name in untouched}
    assert gateway.payment(link) == truth


def test_a_fault_strikes_only_the_order_it_was_ordered_for(gateway: Gateway) -> None:
    mine, other = gateway.opened(orderId="mine"), gateway.opened(orderId="other")
    gateway.order("error_500", order_id="mine", count=None)
    gateway.order("wrong_currency", payment_ref=ref_of(other), count=None)

    assert gateway.fetch(mine).status_code == 500
    assert gateway.init(orderId="mine").status_code == 500
    assert gateway.currency(other) == "EUR"
    assert gateway.currency(gateway.opened(orderId="third")) == "TND"


def test_two_faults_strike_together(gateway: Gateway) -> None:
    link = gateway.opened()
    gateway.order("delay", seconds=0.1, on="fetch")
    gateway.order("wrong_amount", amount=1)
    gateway.order("wrong_currency")
    answer = gateway.fetch(link)

    assert answer.elapsed.total_seconds() >= 0.1
    assert (answer.json()["payment"]["amount"], answer.json()["payment"]["token"]) == (1, "EUR")


def test_ending_all_faults_releases_whoever_is_held(gateway: Gateway) -> None:
    gateway.order("delay", seconds=3600, on="fetch")
    gateway.order("timeout_after_success", seconds=3600, on="create")
    gateway.order("drip", seconds=3600, on="fetch")
    with ThreadPoolExecutor(2) as people:
        held = people.submit(gateway.init, orderId="held")
        eventually(lambda: opened_orders(gateway, "held") == 1)
        ref = gateway.get("/konnect/payments", order_id="held").json()["items"][0]["payment_ref"]
        slow = people.submit(gateway.http.get, f"{gateway.sandbox.konnect_url}/payments/{ref}")
        eventually(lambda: sum(fault["hits"] for fault in gateway.get("/faults").json()["items"]) >= 2)
        assert not held.done()
        assert not slow.done()
        gateway.http.delete(f"{gateway.sandbox.url}/faults")

        assert slow.result().json()["payment"]["id"] == ref
        assert isinstance(held.exception(), httpx.RemoteProtocolError)
