"""Which faults there are, what each takes, and the strict reading of an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.faults import google_kinds, kinds
from sandbox.faults.kinds import Kind
from sandbox.reading import HEX24, is_text, is_whole

FOREVER = 86_400
"""Seconds: the longest wait that can be ordered."""

KINDS = {kind.name: kind for kind in (*kinds.KINDS, *google_kinds.KINDS)}


class InvalidOrderError(ValueError):
    """A fault that does not exist, or a field that does not fit; the message begins with the field's name."""


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= FOREVER


def _matches(pattern: str | re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "count": (lambda value: is_whole(value, 1, 1_000_000), "how often, 1 to 1000000; null: until it is ended"),
    "seconds": (_is_seconds, f"a number from 0 to {FOREVER}"),
    "reason": (lambda value: value in google_kinds.REASONS, f"one of {', '.join(google_kinds.REASONS)}"),
    "status": (lambda value: is_whole(value, 500, 599), "a status from 500 to 599"),
    "polls": (lambda value: is_whole(value, 0, 1000), "0 to 1000"),
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
    "summary": (lambda value: is_text(value, 200), "words of the event's summary, at most 200 characters"),
    "email": (lambda value: is_text(value, 320), "a mail address"),
}
"""What each field takes: the check, and the words for it; `on` takes what its kind says."""


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
        if given in takes and value is not None:
            _check(kind, given, value)
    chosen = {key: value for key, value in body.items() if key in takes and (value is not None or key == "count")}
    return {**takes, **chosen, "kind": kind.name}


def _check(kind: Kind, given: str, value: object) -> None:
    if given == "on" and value not in kind.calls:
        raise InvalidOrderError(f"on must be one of {', '.join(kind.calls)}")
    if given != "on" and not FIELDS[given][0](value):
        raise InvalidOrderError(f"{given} must be {FIELDS[given][1]}")
