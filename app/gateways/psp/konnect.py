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
)
from app.infra import http
from app.kernel.errors import PermanentFailure, UnknownOutcome
from app.kernel.money import Money

#: A reference stands in a path that we call with our key: nothing but 24 hexadecimal digits may ever get there.
REFERENCE = re.compile(r"[0-9a-f]{24}")

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
        reply = self._call("POST", "/payments/init-payment", _init_body(request, self.wallet_id))
        if reply.status >= 500:
            raise Ambiguous(f"Konnect answered {reply.status} to init-payment")
        _raise_for_refusal(reply)
        try:
            answer = reply.json()
            link = PaymentLink(_reference(answer["paymentRef"]), self._checked(answer["payUrl"]))
        except (PermanentFailure, KeyError, TypeError) as error:
            raise Ambiguous("Konnect answered init-payment with something that is no link") from error
        return link

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Ask for a payment; a question has no effect, so whatever goes wrong may be tried again."""
        try:
            reply = self._call("GET", f"/payments/{_reference(payment_ref)}")
            if reply.status >= 500:
                raise Unavailable(f"Konnect answered {reply.status}")
            _raise_for_refusal(reply)
            return _snapshot(reply.json()["payment"])
        except UnknownOutcome as error:
            raise Unavailable(str(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"Konnect described a payment in a way that we cannot read: {error!r}") from error

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

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> http.Reply:
        headers = {"x-api-key": self.api_key, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return http.send(
            method, self.base_url + path, headers=headers, body=json.dumps(body).encode() if body is not None else None
        )

    def _checked(self, pay_url: str) -> str:
        """Send payers to Konnect's own pages only, whatever an answer says."""
        parts = urlsplit(pay_url)
        if parts.scheme not in ("https", "http") or not {parts.hostname, parts.netloc} & set(self.pay_hosts):
            raise PermanentFailure("the pay link leads to a host that is not in KONNECT_PAY_HOSTS")
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
        wait = reply.headers.get("retry-after", "")
        raise RateLimited("Konnect asks us to slow down", retry_after=int(wait) if wait.isdigit() else None)
    if reply.status != 200:
        raise GatewayRefused(f"Konnect answered {reply.status}")


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
    if type(number) is not int:
        raise ValueError("an amount is no whole number")
    return number


def _reference(given: object) -> str:
    if not isinstance(given, str) or not REFERENCE.fullmatch(given):
        raise PermanentFailure("that is no payment reference of Konnect")
    return given
