"""The body of init-payment: every documented field, its type and its limits, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.konnect.payments import Terms
from sandbox.loopback import NotLoopbackError, check_url
from sandbox.reading import HEX24, is_text, is_whole

TOKENS = ("TND", "EUR", "USD")
METHODS = ("wallet", "bank_card", "e-DINAR", "flouci")
DEFAULT_LIFESPAN = 60
"""Minutes; Konnect documents no default."""

MOST_MINUTES = 527_040
"""Minutes: a year."""


class RefusedTermsError(ValueError):
    """The body is not one that Konnect takes; `messages` has one sentence for each wrong field."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


def _text(longest: int) -> tuple[Callable[[object], bool], str]:
    return (lambda value: is_text(value, longest), f"a text of at most {longest} characters")


def _one_of(*allowed: str) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value in allowed, f"one of {', '.join(allowed)}")


def _is_web_address(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"https?://[!-~]{1,2000}", value) is not None


def _is_methods(value: object) -> bool:
    return isinstance(value, list) and value != [] and all(method in METHODS for method in value)


_SWITCH = (lambda value: isinstance(value, bool), "true or false")
_ADDRESS = (_is_web_address, "an http address")

FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "receiverWalletId": (lambda value: isinstance(value, str) and HEX24.fullmatch(value) is not None, "24 hex digits"),
    "amount": (lambda value: is_whole(value, 1), "an integer of minor units, 1 or more"),
    "token": _one_of(*TOKENS),
    "type": _one_of("immediate", "partial"),
    "description": _text(280),
    "acceptedPaymentMethods": (_is_methods, f"a list out of {', '.join(METHODS)}"),
    "lifespan": (lambda value: is_whole(value, 1, MOST_MINUTES), f"minutes, 1 to {MOST_MINUTES}"),
    "checkoutForm": _SWITCH,
    "addPaymentFeesToAmount": _SWITCH,
    "feesIncluded": _SWITCH,
    "firstName": _text(100),
    "lastName": _text(100),
    "phoneNumber": _text(30),
    "email": _text(320),
    "orderId": _text(200),
    "webhook": _ADDRESS,
    "silentWebhook": _SWITCH,
    "successUrl": _ADDRESS,
    "failUrl": _ADDRESS,
    "theme": _one_of("light", "dark"),
    "message": _text(280),
    "channel": _text(100),
}
"""What each field takes: the check, and the words for it."""

REQUIRED = ("receiverWalletId", "amount")


def read_terms(body: Mapping[str, Any]) -> Terms:
    """Check the terms of a new payment; raises `RefusedTermsError`.

    Stricter than Konnect in two ways: a field that is not documented is refused, because it can only be a mistake of
    ours, and so is a webhook that is not on loopback, because the sandbox calls nobody else.
    """
    messages = [f"{name} is required" for name in REQUIRED if name not in body]
    for name, value in body.items():
        if name not in FIELDS:
            messages.append(f"{name} is not a field of init-payment")
        elif not FIELDS[name][0](value):
            messages.append(f"{name} must be {FIELDS[name][1]}")
    messages += _check_webhook(body.get("webhook"))
    if messages:
        raise RefusedTermsError(messages)
    return _terms(body)


def _check_webhook(webhook: object) -> list[str]:
    if not _is_web_address(webhook):
        return []
    try:
        check_url(str(webhook))
    except NotLoopbackError as error:
        return [f"webhook {error}"]
    return []


def _terms(body: Mapping[str, Any]) -> Terms:
    names = (body.get("firstName"), body.get("lastName"))
    return Terms(
        receiver_wallet=body["receiverWalletId"],
        amount=body["amount"],
        token=body.get("token", "TND"),
        kind=body.get("type", "immediate"),
        description=body.get("description", ""),
        methods=tuple(body.get("acceptedPaymentMethods", METHODS[:3])),
        lifespan=body.get("lifespan", DEFAULT_LIFESPAN),
        order_id=body.get("orderId"),
        webhook=body.get("webhook"),
        success_url=body.get("successUrl"),
        fail_url=body.get("failUrl"),
        payer=" ".join(name for name in names if name),
    )
