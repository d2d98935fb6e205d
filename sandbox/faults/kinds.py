"""The kinds of faults of the gateway and of the mail server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

GATEWAY_CALLS = ("create", "fetch", "any")


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


KINDS = (
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
