"""Pure decisions about payouts: what the gateway's word means, and what an attempt still allows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Protocol

from app.gateways.psp.base import PaymentSnapshot, PaymentStatus
from app.kernel.money import Money
from app.payments import rules as payments
from app.payouts.states import LIVE, AttemptState


class Verdict(Enum):
    """What a look at a link tells."""

    PAID = auto()
    CONFLICTED = auto()  #: money moved otherwise than asked
    UNPAID = auto()  #: expired, and surely not paid
    SILENT = auto()  #: expired, and we cannot tell
    WAIT = auto()


class Attempt(Protocol):
    """What these rules read of an attempt."""

    status: str
    expires_at: datetime


def verdict(snapshot: PaymentSnapshot, *, attempt_id: str, amount: Money, receiver: str, had_expired: bool) -> Verdict:
    """Return what was found. `had_expired`: the link's time was up before the gateway was asked, not only since.

    Between a look and its record the link may be paid: only a look after the expiry can say that it never was.
    """
    same = not payments.mismatches(snapshot, attempt_id=attempt_id, amount=amount, receiver=receiver)
    if snapshot.status == PaymentStatus.COMPLETED:
        return Verdict.PAID if same and snapshot.reached in (None, amount.minor) else Verdict.CONFLICTED
    if not had_expired:
        return Verdict.WAIT
    if snapshot.status == PaymentStatus.UNKNOWN or not same:
        return Verdict.SILENT
    return Verdict.CONFLICTED if snapshot.reached else Verdict.UNPAID


def next_poll(now: datetime, polls: int, expires_at: datetime, *, is_live: bool) -> datetime | None:
    """Return when to look again: as a payment is, but a live attempt until the gateway has told how it ended."""
    due = payments.next_poll(now, polls, expires_at)
    return due or (now + timedelta(seconds=payments.POLL_EVERY_SECONDS) if is_live else None)


def may_be_paid_again(attempts: Iterable[Attempt]) -> bool:
    """Tell whether another link may follow: none that somebody has seen is open, none moved money unasked."""
    return not any(attempt.status in {*LIVE, AttemptState.CONFLICTED} for attempt in attempts)


def may_be_resolved(attempts: Iterable[Attempt], now: datetime) -> bool:
    """Tell whether a person can have seen how it ended: no link, seen or not, has time left to be paid in."""
    return not any(attempt.status in {*LIVE, AttemptState.UNKNOWN} and now < attempt.expires_at for attempt in attempts)


def may_be_given_back(attempts: Iterable[Attempt], now: datetime) -> bool:
    """Tell whether no link can be paid any more: one that nobody has seen counts until its time is up."""
    return not any(
        attempt.status in LIVE or (attempt.status == AttemptState.UNKNOWN and now < attempt.expires_at)
        for attempt in attempts
    )
