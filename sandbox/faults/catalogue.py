"""Which faults there are, what each takes, and the strict reading of an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.reading import HEX24, is_text, is_whole

FOREVER = 86_400
"""Seconds: the longest wait that can be ordered."""

GATEWAY_CALLS = ("create", "fetch", "any")


class InvalidOrderError(ValueError):
    """A fault that does not exist, or a field that does not fit; the message begins with the field's name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: its name, what it does, and the fields it takes with their defaults."""

    name: str
    about: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _gateway(name: str, about: str, **defaults: object) -> Kind:
    return Kind(name, about, {**defaults, "order_id": None, "payment_ref": None})


def _mail(name: str, about: str, **defaults: object) -> Kind:
    return Kind(name, about, {**defaults, "to": None})


KINDS = {
    kind.name: kind
    for kind in (
        _gateway("delay", "The answer comes some seconds late.", seconds=5, on="any"),
        _gateway("error_500", "Answers 500; nothing was done.", on="any"),
        _gateway(
            "rate_limited", "Answers 429, to be tried again in so many seconds; nothing was done.", seconds=1, on="any"
        ),
        _gateway(
            "redirect", "Answers 302 to another location; nothing was done.", location="http://127.0.0.1:9/", on="any"
        ),
        _gateway(
            "timeout_after_success",
            "The work is done, the answer never comes: the connection is held for some seconds, then closed.",
            seconds=30,
            on="create",
        ),
        _gateway("error_500_after_success", "The work is done, the answer is 500.", on="create"),
        _gateway("not_json", "The work is done, the answer is a page of HTML with status 200.", on="any"),
        _gateway("huge_answer", "The work is done, the answer is many megabytes of JSON.", megabytes=32, on="any"),
        _gateway("drip", "The answer comes byte by byte, some seconds apart.", seconds=1, on="any"),
        _gateway(
            "webhook_before_create_answer",
            "The webhook is called, and answered, before the create call is; the payment is still pending.",
        ),
        _gateway("no_webhook", "The payer's click calls no webhook."),
        _gateway(
            "duplicate_webhooks",
            "So many more copies of each webhook call: half of them at the same time, the rest some seconds later.",
            copies=2,
            seconds=1,
        ),
        _gateway(
            "wrong_amount",
            "Fetch reports another amount, in minor units; one less than asked when none is given.",
            amount=None,
        ),
        _gateway("wrong_currency", "Fetch reports another currency.", currency="EUR"),
        _gateway("wrong_order", "Fetch reports somebody else's order.", other_order_id="somebody-elses-order"),
        _gateway("wrong_receiver", "Fetch reports another receiver wallet.", receiver_wallet="0" * 24),
        _gateway("late_payment", "The payer's click is accepted after the link has expired."),
        _mail("smtp_450", "The recipient is refused for now."),
        _mail("smtp_550", "The recipient is refused for good."),
        _mail("smtp_delay", "The mail is taken, the answer comes some seconds late.", seconds=5),
    )
}


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= FOREVER


def _matches(pattern: str | re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "count": (lambda value: is_whole(value, 1, 1_000_000), "how often, 1 to 1000000; null: until it is ended"),
    "seconds": (_is_seconds, f"a number from 0 to {FOREVER}"),
    "on": (lambda value: value in GATEWAY_CALLS, f"one of {', '.join(GATEWAY_CALLS)}"),
    "amount": (lambda value: is_whole(value, 0), "an integer of minor units, 0 or more"),
    "currency": (_matches("[A-Z]{3}"), "a currency code of three capitals"),
    "copies": (lambda value: is_whole(value, 1, 100), "1 to 100"),
    "megabytes": (lambda value: is_whole(value, 1, 512), "1 to 512"),
    "location": (_matches(r"https?://[!-~]{1,2000}"), "an http address"),
    "receiver_wallet": (_matches(HEX24), "24 hex digits"),
    "other_order_id": (lambda value: is_text(value, 200), "a text of at most 200 characters"),
    "order_id": (lambda value: is_text(value, 200), "a text of at most 200 characters"),
    "payment_ref": (_matches(HEX24), "24 hex digits"),
    "to": (lambda value: is_text(value, 320), "a mail address"),
}
"""What each field takes: the check, and the words for it."""


def read_order(body: Mapping[str, Any]) -> dict[str, Any]:
    """Check an order and return `kind`, `count` (None: endless; not given: 1) and every field of the kind.

    Raises `InvalidOrderError`, naming the field and what it takes.
    """
    name = body.get("fault")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise InvalidOrderError(f"fault must be one of {', '.join(KINDS)}")
    takes = {"count": 1, **kind.defaults}
    for given, value in body.items():
        if given != "fault" and given not in takes:
            raise InvalidOrderError(f"{given} is no field of {kind.name}; it takes {', '.join(takes)}")
        if given in takes and value is not None and not FIELDS[given][0](value):
            raise InvalidOrderError(f"{given} must be {FIELDS[given][1]}")
    chosen = {key: value for key, value in body.items() if key in takes and (value is not None or key == "count")}
    return {**takes, **chosen, "kind": kind.name}
