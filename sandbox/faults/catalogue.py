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
OAUTH_CALLS = ("token", "refresh", "revoke", "userinfo", "oauth")
CALENDAR_CALLS = ("insert", "get", "patch", "delete", "list", "freebusy", "calendars", "calendar")
GOOGLE_CALLS = (*CALENDAR_CALLS, *OAUTH_CALLS, "any")
"""Calls of Google; `oauth` and `calendar` stand for all of theirs."""

GOOGLE_REASONS = (
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "forbiddenForNonOrganizer",
    "insufficientPermissions",
    "accessNotConfigured",
    "forbidden",
)


class InvalidOrderError(ValueError):
    """A fault that does not exist, or a field that does not fit; the message begins with the field's name."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: its name, what it does, the fields it takes with their defaults, and what `on` can be."""

    name: str
    about: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[str, ...] = ()


def _gateway(name: str, about: str, **defaults: object) -> Kind:
    return Kind(name, about, {**defaults, "order_id": None, "payment_ref": None}, GATEWAY_CALLS)


def _mail(name: str, about: str, **defaults: object) -> Kind:
    return Kind(name, about, {**defaults, "to": None})


def _google(name: str, about: str, calls: tuple[str, ...] = (), **defaults: object) -> Kind:
    return Kind(name, about, {**defaults, "email": None}, calls)


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
        _google(
            "google_401",
            "The access token is refused, on every call of the calendar and of userinfo.",
            (*CALENDAR_CALLS, "userinfo", "any"),
            on="calendar",
        ),
        _google(
            "google_403",
            "Refused for a reason; nothing was done.",
            (*CALENDAR_CALLS, "userinfo", "any"),
            reason="rateLimitExceeded",
            on="calendar",
        ),
        _google(
            "google_429",
            "Answers 429, to be tried again in so many seconds; nothing was done.",
            GOOGLE_CALLS,
            seconds=1,
            on="calendar",
        ),
        _google(
            "google_5xx",
            "Answers with a status of 500 to 599; nothing was done.",
            GOOGLE_CALLS,
            status=503,
            on="calendar",
        ),
        _google(
            "google_redirect",
            "Answers 302 to another location; nothing was done.",
            GOOGLE_CALLS,
            location="http://127.0.0.1:9/",
            on="calendar",
        ),
        _google("google_delay", "The answer comes some seconds late.", GOOGLE_CALLS, seconds=5, on="any"),
        _google("google_drip", "The answer comes byte by byte, some seconds apart.", GOOGLE_CALLS, seconds=1, on="any"),
        _google(
            "google_huge",
            "The work is done, the answer is many megabytes of JSON.",
            GOOGLE_CALLS,
            megabytes=32,
            on="any",
        ),
        _google(
            "google_timeout_after_success",
            "The work is done, the answer never comes: the connection is held for some seconds, then closed.",
            GOOGLE_CALLS,
            seconds=30,
            on="insert",
        ),
        _google(
            "google_invalid_grant",
            "The person has withdrawn what they allowed: invalid_grant, and all tokens of the account are dead.",
            ("token", "refresh", "any"),
            on="refresh",
        ),
        _google(
            "google_invalid_client",
            "The token endpoint does not know the client any more.",
            ("token", "refresh", "any"),
            on="any",
        ),
        _google(
            "google_pending", "A Meet link that is asked for stays pending for so many looks at the event.", polls=1
        ),
        _google("google_conference_failure", "A Meet link that is asked for is never made: its request fails."),
    )
}


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= FOREVER


def _matches(pattern: str | re.Pattern[str]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "count": (lambda value: is_whole(value, 1, 1_000_000), "how often, 1 to 1000000; null: until it is ended"),
    "seconds": (_is_seconds, f"a number from 0 to {FOREVER}"),
    "reason": (lambda value: value in GOOGLE_REASONS, f"one of {', '.join(GOOGLE_REASONS)}"),
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
