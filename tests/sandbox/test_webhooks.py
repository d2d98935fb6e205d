"""The call of the merchant's webhook: GET, the reference in the query, nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from sandbox.konnect.webhooks import CALLERS
from tests.patience import PATIENCE_SECONDS, eventually
from tests.sandbox.peers import Gateway, Merchant, ref_of


def test_a_payment_calls_the_webhook_with_its_reference(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=f"{merchant.url}/webhooks/konnect/attempt/mac")
    gateway.click(link)
    merchant.wait_for(1)

    call = merchant.calls[0]
    assert (call.method, call.path, call.query_string) == (
        "GET",
        "/webhooks/konnect/attempt/mac",
        f"payment_ref={ref_of(link)}".encode(),
    )
    assert not call.headers.get("Authorization")
    assert "text/html" not in call.headers["Accept"]


def test_the_payment_is_completed_when_the_webhook_is_called(gateway: Gateway, merchant: Merchant) -> None:
    link, seen = gateway.opened(webhook=merchant.url), []
    merchant.on_call = lambda _ref: seen.append(gateway.payment(link)["status"])
    gateway.click(link)

    eventually(lambda: seen)
    assert seen == ["completed"]


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    """Return what merchants may wait for before they answer."""
    event = threading.Event()
    yield event
    event.set()


def test_the_payer_does_not_wait_for_the_webhook(gateway: Gateway, merchant: Merchant, let_go: threading.Event) -> None:
    link, was_let_go = gateway.opened(webhook=merchant.url), []
    merchant.on_call = lambda _ref: was_let_go.append(let_go.wait(PATIENCE_SECONDS))
    gateway.click(link)
    let_go.set()

    eventually(lambda: was_let_go)
    assert was_let_go == [True], "the payer had an answer before the merchant gave one"


@pytest.mark.parametrize("status", [500, 404, 303])
def test_it_is_called_again_until_it_answers_2xx(gateway: Gateway, merchant: Merchant, status: int) -> None:
    merchant.statuses = [status, 204]
    link = gateway.opened(webhook=merchant.url)
    gateway.click(link)

    assert merchant.wait_for(2) == [ref_of(link)] * 2
    eventually(lambda: len(gateway.listed(link)["webhook_calls"]) == 2)
    assert [call["status"] for call in gateway.listed(link)["webhook_calls"]] == [status, 204]
    assert {call.path for call in merchant.calls} == {"/"}


def test_a_merchant_who_is_not_there_is_noted_and_called_again(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=merchant.url)
    merchant.close()
    gateway.click(link)

    eventually(lambda: len(gateway.listed(link)["webhook_calls"]) == 2)
    for call in gateway.listed(link)["webhook_calls"]:
        assert call["status"] is None
        assert "ConnectionRefusedError" in call["error"]


def test_a_payment_in_parts_calls_the_webhook_for_each(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=merchant.url)
    gateway.click(link, partial="1")
    gateway.click(link)

    assert merchant.wait_for(2) == [ref_of(link)] * 2


def test_a_webhook_with_a_query_keeps_it(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=f"{merchant.url}/hook?source=konnect")
    gateway.click(link)
    merchant.wait_for(1)

    assert merchant.calls[0].query_string == f"source=konnect&payment_ref={ref_of(link)}".encode()


def test_a_call_that_is_due_is_made_while_one_caller_is_free(
    gateway: Gateway, merchant: Merchant, let_go: threading.Event
) -> None:
    doubled, *hung = (gateway.opened(webhook=merchant.url) for _ in range(CALLERS))

    def hang(ref: str) -> None:
        if ref != ref_of(doubled):
            let_go.wait()

    merchant.on_call = hang
    gateway.order("duplicate_webhooks", copies=2, seconds=0.5, payment_ref=ref_of(doubled))
    for link in (doubled, *hung):
        gateway.click(link)

    eventually(lambda: merchant.refs().count(ref_of(doubled)) == 3)


def test_without_a_webhook_nobody_is_called(gateway: Gateway) -> None:
    link = gateway.opened()

    assert gateway.click(link).status_code == 200
    assert gateway.listed(link)["webhook_calls"] == []
