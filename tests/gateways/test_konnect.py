"""Konnect's API v2 as we speak it, against the sandbox and against peers that answer whatever a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from werkzeug.wrappers import Request, Response

from app.gateways.psp import router
from app.gateways.psp.base import (
    Ambiguous,
    CreatePayment,
    GatewayRefused,
    NotSupported,
    PaymentStatus,
    RateLimited,
    Unavailable,
    UnknownReference,
)
from app.gateways.psp.konnect import Konnect
from app.infra import config
from app.infra.db import session_scope
from app.infra.http import TransactionOpen
from app.kernel.errors import TransientFailure
from app.kernel.money import Money, UnsupportedCurrency
from embedded.cluster import Database
from sandbox.server import Sandbox
from sandbox.settings import Settings
from tests.environment import ENVIRONMENT
from tests.factories.payments import REF, WALLET, tnd
from tests.sandbox.peers import Peer

KEY = ENVIRONMENT["KONNECT_API_KEY"]
ORDER = UUID("01a1fad9-b877-736a-ae80-1fb411559006")
LINK = f"http://127.0.0.1:8090/pay?payment_ref={REF}"

TOLD: dict[str, Any] = {
    "id": REF, "status": "completed", "amount": 45_000, "reachedAmount": 45_000, "token": "TND",
    "orderId": str(ORDER), "receiverWallet": {"_id": WALLET, "id": WALLET},
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Settings(konnect_api_key=KEY)) as running:
        yield running


def konnect(base_url: str, **changes: Any) -> Konnect:
    chosen = Konnect(base_url, KEY, WALLET, pay_hosts=("127.0.0.1",), minimum=1, step=1)
    return replace(chosen, **changes)


def request(**changes: Any) -> CreatePayment:
    fields: dict[str, Any] = {
        "order_id": ORDER, "amount": tnd(45_000), "description": "Session: « Écrire à l'œil »", "lifespan_minutes": 15,
        "webhook_url": "http://127.0.0.1:8000/hook", "result_url": "http://127.0.0.1:8000/result",
    }  # fmt: skip
    return CreatePayment(**(fields | changes))


@contextmanager
def answering(body: object = None, status: int = 200, **headers: str) -> Iterator[tuple[Konnect, list[Request]]]:
    """Run a gateway that gives one answer to everything; JSON unless `body` is bytes. Yields its calls, too."""
    calls: list[Request] = []

    def answer(call: Request) -> Response:
        call.get_data()
        calls.append(call)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Response(content, status, named, content_type="application/json")

    with Peer(answer) as peer:
        yield konnect(peer.url), calls


# --- with the sandbox ------------------------------------------------------------------------------------------------


def test_a_payment_is_opened_paid_and_fetched(sandbox: Sandbox) -> None:
    gateway = konnect(sandbox.konnect_url)
    link = gateway.create_payment(request())
    pending = gateway.fetch_payment(link.payment_ref)
    assert (pending.status, pending.reached) == (PaymentStatus.PENDING, 0)
    sandbox.world.payments.pay(link.payment_ref, sandbox.world.clock.now())

    told = gateway.fetch_payment(link.payment_ref)
    assert (told.payment_ref, told.order_id, told.receiver) == (link.payment_ref, str(ORDER), WALLET)
    assert (told.status, told.amount, told.reached, told.currency) == (PaymentStatus.COMPLETED, 45_000, 45_000, "TND")


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    stranger = konnect(sandbox.konnect_url, api_key="0" * 24 + ":no")
    with pytest.raises(GatewayRefused):
        stranger.create_payment(request())
    with pytest.raises(GatewayRefused):
        stranger.fetch_payment(REF)


def test_a_reference_that_nobody_has_is_unknown(sandbox: Sandbox) -> None:
    with pytest.raises(UnknownReference):
        konnect(sandbox.konnect_url).fetch_payment(REF)


# --- what we send ----------------------------------------------------------------------------------------------------


def test_what_is_asked_of_init_payment() -> None:
    with answering({"payUrl": LINK, "paymentRef": REF}) as (gateway, calls):
        gateway.create_payment(request())
    (call,) = calls
    assert (call.method, call.path, call.headers["x-api-key"]) == ("POST", "/payments/init-payment", KEY)
    assert call.mimetype == "application/json"
    assert json.loads(call.get_data()) == {
        "receiverWalletId": WALLET, "amount": 45_000, "token": "TND", "type": "immediate", "lifespan": 15,
        "description": "Session: « Écrire à l'œil »", "orderId": str(ORDER), "addPaymentFeesToAmount": False,
        "webhook": "http://127.0.0.1:8000/hook", "silentWebhook": True,
        "successUrl": "http://127.0.0.1:8000/result", "failUrl": "http://127.0.0.1:8000/result",
    }  # fmt: skip


def test_what_is_asked_of_get_payment() -> None:
    with answering({"payment": TOLD}) as (gateway, calls):
        gateway.fetch_payment(REF)
    (call,) = calls
    assert (call.method, call.path, call.headers["x-api-key"], call.get_data()) == ("GET", f"/payments/{REF}", KEY, b"")


@pytest.mark.parametrize("ref", ["../wallets", "", REF[:-1], REF + "0", REF.upper(), f"{REF}\n", "é" * 24, f"{REF}?x"])
def test_nothing_but_a_reference_gets_into_the_path_that_carries_our_key(ref: str) -> None:
    with answering({"payment": TOLD}) as (gateway, calls):
        with pytest.raises(Exception, match="no payment reference"):
            gateway.fetch_payment(ref)
        assert gateway.parse_webhook({"payment_ref": ref}) is None
    assert calls == []


def test_a_ping_names_a_reference_or_none() -> None:
    gateway = konnect("http://127.0.0.1:1")
    assert gateway.parse_webhook({"payment_ref": REF}) == REF
    assert gateway.parse_webhook({}) is None


def test_a_redirect_is_not_followed() -> None:
    with answering({"payment": TOLD}) as (_, elsewhere):
        with answering(b"", 302, Location="http://127.0.0.1:1/elsewhere") as (gateway, calls):
            with pytest.raises(Unavailable):
                gateway.fetch_payment(REF)
            with pytest.raises(GatewayRefused):
                gateway.create_payment(request())
        assert (len(calls), elsewhere) == (2, [])


def test_nothing_is_asked_inside_a_transaction(database: Database) -> None:
    with answering({"payment": TOLD}) as (gateway, calls):
        with session_scope(), pytest.raises(TransactionOpen):
            gateway.fetch_payment(REF)
        with session_scope(), pytest.raises(TransactionOpen):
            gateway.create_payment(request())
    assert calls == []


def test_what_konnect_cannot_do() -> None:
    gateway = konnect("http://127.0.0.1:1")
    able = gateway.capabilities
    assert (able.cancel, able.refund, able.look_up_by_order_id) == (False, False, False)
    with pytest.raises(NotSupported):
        gateway.cancel_payment(REF)
    with pytest.raises(NotSupported):
        gateway.refund(REF, tnd(1), "key")


# --- how it answers the create call ----------------------------------------------------------------------------------

CREATED = {"payUrl": LINK, "paymentRef": REF}


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"{", b"\xff\xfe", b"[" * 100_000, None, [], "text", 7, {}, {"payUrl": LINK},
        {"paymentRef": REF}, CREATED | {"paymentRef": REF.upper()}, CREATED | {"paymentRef": 7},
        CREATED | {"paymentRef": "../../x"}, CREATED | {"payUrl": None}, CREATED | {"payUrl": 7},
        CREATED | {"payUrl": []}, CREATED | {"payUrl": ""}, CREATED | {"payUrl": "http://["},
        CREATED | {"payUrl": "javascript:alert(1)//127.0.0.1"}, CREATED | {"payUrl": "https://evil.example/pay"},
        CREATED | {"payUrl": "https://127.0.0.1@evil.example/pay"}, CREATED | {"payUrl": "//127.0.0.1/pay"},
        CREATED | {"payUrl": "https://127.0.0.1.evil.example/"}, CREATED | {"payUrl": f"{LINK}\r\nX: y"},
        CREATED | {"payUrl": f"{LINK}\0"}, CREATED | {"payUrl": "https://127.0.0.1/" + "x" * 2000},
    ],
)  # fmt: skip
def test_an_answer_without_a_usable_link_is_ambiguous_for_the_payment_may_exist(answer: object) -> None:
    with answering(answer) as (gateway, calls), pytest.raises(Ambiguous):
        gateway.create_payment(request())
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, GatewayRefused),
        (401, GatewayRefused),
        (403, GatewayRefused),
        (404, GatewayRefused),
        (422, GatewayRefused),
        (429, RateLimited),
        (500, Ambiguous),
        (502, Ambiguous),
        (503, Ambiguous),
    ],
)
def test_what_a_status_means_for_a_create_call(status: int, failure: type[Exception]) -> None:
    with answering({"errors": [{"message": "no"}]}, status) as (gateway, _), pytest.raises(failure):
        gateway.create_payment(request())


def test_created_is_as_good_as_ok() -> None:
    with answering(CREATED, 201) as (gateway, _):
        assert gateway.create_payment(request()).pay_url == LINK


def test_without_tls_only_a_sandbox_without_tls_may_send_a_payer() -> None:
    plain, secure = konnect("http://127.0.0.1:1"), konnect("https://127.0.0.1:1")
    assert plain._checked(LINK) == LINK
    assert secure._checked(LINK.replace("http:", "https:"))
    with pytest.raises(ValueError, match="KONNECT_PAY_HOSTS"):
        secure._checked(LINK)


# --- how it answers a question ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (PaymentStatus.COMPLETED, 45_000)),
        ({"status": "pending", "reachedAmount": 7}, (PaymentStatus.PENDING, 7)),
        ({"status": "refunded"}, (PaymentStatus.UNKNOWN, 45_000)),
        ({"status": "COMPLETED"}, (PaymentStatus.UNKNOWN, 45_000)),
        ({"status": None}, (PaymentStatus.UNKNOWN, 45_000)),
        ({"reachedAmount": None}, (PaymentStatus.COMPLETED, None)),
        ({"transactions": [{"status": "failed_payment"}], "more": {}}, (PaymentStatus.COMPLETED, 45_000)),
    ],
)
def test_the_status_of_the_payment_is_what_counts(changes: dict[str, Any], expected: tuple[Any, Any]) -> None:
    with answering({"payment": TOLD | changes}) as (gateway, _):
        told = gateway.fetch_payment(REF)
    assert (told.status, told.reached) == expected


@pytest.mark.parametrize("receiver", [{"_id": WALLET}, {"id": WALLET}, WALLET])
def test_a_receiver_is_found_however_it_is_written(receiver: object) -> None:
    with answering({"payment": TOLD | {"receiverWallet": receiver}}) as (gateway, _):
        assert gateway.fetch_payment(REF).receiver == WALLET


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"<html>", b"{", b"[" * 100_000, None, [], "text", {}, TOLD, {"payment": None}, {"payment": []},
        {"payment": "completed"}, {"payment": TOLD | {"id": "f" * 24}}, {"payment": TOLD | {"amount": 45_000.0}},
        {"payment": TOLD | {"amount": "45000"}}, {"payment": TOLD | {"amount": True}},
        {"payment": TOLD | {"amount": -1}}, {"payment": TOLD | {"amount": 2**63}},
        {"payment": TOLD | {"reachedAmount": 1.5}}, {"payment": TOLD | {"reachedAmount": -1}},
        {"payment": TOLD | {"status": []}}, {"payment": TOLD | {"amount": None}},
        *({"payment": {key: value for key, value in TOLD.items() if key != missing}}
          for missing in ("id", "status", "amount", "token", "receiverWallet")),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_read_may_be_better_next_time(answer: object) -> None:
    with answering(answer) as (gateway, _), pytest.raises(Unavailable):
        gateway.fetch_payment(REF)


@pytest.mark.parametrize(
    ("status", "failure"),
    [(400, GatewayRefused), (401, GatewayRefused), (404, UnknownReference), (429, RateLimited), (500, Unavailable),
     (503, Unavailable), (302, Unavailable)],
)  # fmt: skip
def test_what_a_status_means_for_a_question(status: int, failure: type[Exception]) -> None:
    with answering({"payment": TOLD}, status) as (gateway, _), pytest.raises(failure) as raised:
        gateway.fetch_payment(REF)
    assert raised.type is failure


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7), ("0", 0), ("-1", None), ("1.5", None), ("²", None), ("9" * 30, None), ("", None)]
)
def test_how_long_to_wait_is_read_with_care(said: str, seconds: int | None) -> None:
    with answering(b"", 429, Retry_After=said) as (gateway, _):
        for ask in (lambda: gateway.fetch_payment(REF), lambda: gateway.create_payment(request())):
            with pytest.raises(RateLimited) as raised:
                ask()
            assert raised.value.retry_after == seconds


# --- and when it does not answer -------------------------------------------------------------------------------------


def test_nobody_there_means_nothing_was_done() -> None:
    gateway = konnect("http://127.0.0.1:1")
    for ask in (lambda: gateway.fetch_payment(REF), lambda: gateway.create_payment(request())):
        with pytest.raises(TransientFailure):
            ask()


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[Konnect]:
    """Return a gateway that takes every question and answers none; it is given a second."""
    monkeypatch.setenv("GATEWAY_TOTAL_SECONDS", "1")
    over = threading.Event()

    def answer(_: Request) -> Response:
        over.wait()
        return Response()

    with Peer(answer) as peer:
        yield konnect(peer.url)
        over.set()


@pytest.mark.parametrize(
    ("ask", "failure"),
    [(lambda gateway: gateway.create_payment(request()), Ambiguous), (lambda g: g.fetch_payment(REF), Unavailable)],
)
def test_no_answer_in_time_is_ambiguous_where_it_may_have_had_an_effect(
    silence: Konnect, ask: Callable[[Konnect], Any], failure: type[Exception]
) -> None:
    with pytest.raises(failure):
        ask(silence)


# --- which gateways there are ----------------------------------------------------------------------------------------


def test_the_router_knows_who_takes_a_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KONNECT_MINIMUM_MILLIMES", "1000")
    monkeypatch.setenv("KONNECT_STEP_MILLIMES", "10")
    config.settings.cache_clear()
    chosen = router.gateway_for("TND")
    assert chosen is router.gateway("konnect")
    assert (chosen.capabilities.minimum, chosen.capabilities.step) == ({"TND": 1000}, {"TND": 10})
    assert chosen.own_receiver == WALLET
    assert router.supported_currencies() == {"TND"}
    for currency in ("EUR", "USD", "JPY"):
        with pytest.raises(UnsupportedCurrency, match="TND"):
            router.gateway_for(Money(1, currency).currency)
    with pytest.raises(KeyError):
        router.gateway("stripe")
