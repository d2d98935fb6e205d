"""Konnect (konnect.network, Tunisia), API v2: init-payment, get payment, webhook. Facts: docs.konnect.network.

Konnect documents no refund, no cancel, no idempotency key and no look-up by our id; `pending` covers "has failed" and
"was not tried"; the webhook is an unsigned GET with nothing but a reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from app.gateways.psp.base import (
    Ambiguous,
    Capabilities,
    CreatePayment,
    GatewayRefused,
    NotSupported,
    PaymentLink,
    PaymentSnapshot,
    PaymentStatus,
    RateLimited,
    Unavailable,
    UnknownReference,
)
from app.infra import http
from app.infra.calls import Operation
from app.kernel.errors import PermanentFailure, UnknownOutcome
from app.kernel.money import Money

#: A reference stands in a path that we call with our key: nothing but 24 hexadecimal digits may ever get there.
REFERENCE = re.compile(r"[0-9a-f]{24}")

#: What an address is made of: visible ASCII, so that it can be stored, sent in a header and shown.
VISIBLE = re.compile(r"[!-~]{1,2000}")

BIGINT_MAX = 2**63 - 1

_WORDS = {"completed": PaymentStatus.COMPLETED, "pending": PaymentStatus.PENDING}


@dataclass(frozen=True)
class Konnect:
    """Konnect's API with our key and wallet. `pay_hosts` are the hosts to which a payer may be sent."""

    base_url: str
    api_key: str
    wallet_id: str
    pay_hosts: tuple[str, ...]
    minimum: int
    step: int
    name: str = "konnect"

    @property
    def capabilities(self) -> Capabilities:
        """Return what Konnect can do: TND in and out, everything else by hand in its dashboard."""
        return Capabilities(
            {"TND": self.minimum}, {"TND": self.step}, cancel=False, refund=False, look_up_by_order_id=False
        )

    @property
    def own_receiver(self) -> str:
        """Return our wallet's id."""
        return self.wallet_id

    def create_payment(self, request: CreatePayment) -> PaymentLink:
        """Open a payment; Ambiguous when it may exist without our knowing its link."""
        try:
            reply = self._call("create_payment", "POST", "/payments/init-payment", _init_body(request, self.wallet_id))
        except UnknownOutcome as error:
            raise Ambiguous(str(error)) from error
        if reply.status >= 500:
            raise Ambiguous(f"Konnect answered {reply.status} to init-payment")
        _raise_for_refusal(reply)
        try:
            answer = reply.json()
            return PaymentLink(_reference(answer["paymentRef"]), self._checked(answer["payUrl"]))
        except (PermanentFailure, KeyError, TypeError, ValueError) as error:
            raise Ambiguous("Konnect answered init-payment with something that is no link") from error

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Ask for a payment; a question has no effect, so what may be better next time is Unavailable.

        Raises UnknownReference, GatewayRefused for a bad key.
        """
        try:
            reply = self._call("fetch_payment", "GET", f"/payments/{_reference(payment_ref)}")
        except UnknownOutcome as error:
            raise Unavailable(str(error)) from error
        if reply.status >= 500 or 300 <= reply.status < 400:
            raise Unavailable(f"Konnect answered {reply.status}")
        if reply.status == 404:
            raise UnknownReference(f"Konnect knows no payment {payment_ref}")
        _raise_for_refusal(reply)
        return _read(reply, payment_ref)

    def cancel_payment(self, payment_ref: str) -> NoReturn:
        """Refuse: Konnect documents no cancel."""
        raise NotSupported(f"Konnect cannot cancel {payment_ref}")

    def refund(self, payment_ref: str, amount: Money, idempotency_key: str) -> NoReturn:
        """Refuse: Konnect documents no refund."""
        raise NotSupported(f"Konnect cannot refund {payment_ref}")

    def parse_webhook(self, query: Mapping[str, str]) -> str | None:
        """Return `payment_ref` of the ping when it can be one."""
        given = query.get("payment_ref", "")
        return given if REFERENCE.fullmatch(given) else None

    def _call(self, operation: str, method: str, path: str, body: dict[str, Any] | None = None) -> http.Reply:
        headers = {"x-api-key": self.api_key, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return http.send(
            method,
            self.base_url + path,
            operation=Operation(self.name, operation),
            headers=headers,
            body=json.dumps(body).encode() if body is not None else None,
        )

    def _checked(self, pay_url: str) -> str:
        """Send payers to Konnect's own pages only, whatever an answer says; without TLS only from a sandbox."""
        if not VISIBLE.fullmatch(pay_url):
            raise ValueError("the pay link is no address")
        parts = urlsplit(pay_url)
        schemes = {"https", urlsplit(self.base_url).scheme}
        if parts.scheme not in schemes or not {parts.hostname, parts.netloc} & set(self.pay_hosts):
            raise ValueError("the pay link leads to a host that is not in KONNECT_PAY_HOSTS")
        return pay_url


def _init_body(request: CreatePayment, wallet_id: str) -> dict[str, Any]:
    return {
        "receiverWalletId": request.receiver or wallet_id,
        "amount": request.amount.minor,
        "token": request.amount.currency,
        "type": "immediate",
        "description": request.description,
        "lifespan": request.lifespan_minutes,
        "addPaymentFeesToAmount": False,
        "orderId": str(request.order_id),
        "webhook": request.webhook_url,
        "silentWebhook": True,
        "successUrl": request.result_url,
        "failUrl": request.result_url,
    }


def _raise_for_refusal(reply: http.Reply) -> None:
    """Map Konnect's status codes; its own words are kept out of the error: they may repeat what we sent."""
    if reply.status == 429:
        raise RateLimited("Konnect asks us to slow down", retry_after=reply.retry_after)
    if not 200 <= reply.status < 300:
        raise GatewayRefused(f"Konnect answered {reply.status}")


def _read(reply: http.Reply, payment_ref: str) -> PaymentSnapshot:
    """Read the payment that was asked for; an answer about another one, or about none, is no answer."""
    try:
        told = _snapshot(reply.json()["payment"])
    except (PermanentFailure, KeyError, TypeError, ValueError) as error:
        raise Unavailable(f"Konnect described a payment in a way that we cannot read: {error!r}") from error
    if told.payment_ref != payment_ref:
        raise Unavailable("Konnect told of another payment than we asked for")
    return told


def _snapshot(payment: dict[str, Any]) -> PaymentSnapshot:
    receiver = payment["receiverWallet"]
    reached = payment.get("reachedAmount")
    return PaymentSnapshot(
        payment_ref=str(payment["id"]),
        order_id=str(payment.get("orderId", "")),
        status=_WORDS.get(payment["status"], PaymentStatus.UNKNOWN),
        amount=_whole(payment["amount"]),
        reached=None if reached is None else _whole(reached),
        currency=str(payment["token"]),
        receiver=str(receiver.get("id") or receiver.get("_id")) if isinstance(receiver, dict) else str(receiver),
    )


def _whole(number: object) -> int:
    if type(number) is not int or not 0 <= number <= BIGINT_MAX:
        raise ValueError("an amount is no whole number that can be booked")
    return number


def _reference(given: object) -> str:
    if not isinstance(given, str) or not REFERENCE.fullmatch(given):
        raise PermanentFailure("that is no payment reference of Konnect")
    return given
