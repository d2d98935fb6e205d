"""The state of payments at the gateway.

Konnect knows two states, `pending` and `completed`: a failed try leaves the payment pending, and an expired link does
too. Amounts are integers of minor units (millimes for TND).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from sandbox.store import Shelf

MOST_PAYMENTS = 100_000
MOST_REMEMBERED = 50
"""Transactions, and calls of its webhook, that one payment remembers: the newest."""


class UnknownPaymentError(LookupError):
    """No payment has this reference."""


class LinkExpiredError(Exception):
    """The link of this payment has expired, and nobody asked for a late click."""


class PartRefusedError(ValueError):
    """The part is not between 1 and what is due."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the merchant asked for: the checked body of init-payment. `lifespan` is in minutes."""

    receiver_wallet: str
    amount: int
    token: str
    kind: str
    description: str
    methods: tuple[str, ...]
    lifespan: int
    order_id: str | None
    webhook: str | None
    success_url: str | None
    fail_url: str | None
    payer: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One try of the payer: `success` or `failed_payment`."""

    ref: str
    status: str
    amount: int
    at: datetime


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """One call of the webhook: the status it was answered with, or the error that left it without an answer."""

    at: datetime
    status: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment at one instant; every change makes a new one, so a reader never sees half of it."""

    ref: str
    short_id: str
    terms: Terms
    created_at: datetime
    reached_amount: int = 0
    transactions: tuple[Transaction, ...] = ()
    webhook_calls: tuple[WebhookCall, ...] = ()

    @property
    def expires_at(self) -> datetime:
        """The instant of business time from which the link is dead."""
        return self.created_at + timedelta(minutes=self.terms.lifespan)

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the link is dead by business time."""
        return now >= self.expires_at

    @property
    def amount_due(self) -> int:
        """What is still to be paid, minor units."""
        return max(0, self.terms.amount - self.reached_amount)

    @property
    def status(self) -> str:
        """`completed` or `pending`: there is no third state."""
        return "completed" if self.amount_due == 0 else "pending"


class Payments:
    """All payments, newest last; the oldest is forgotten when there are `most`."""

    def __init__(self, lock: threading.RLock, shelf: Shelf[Payment], most: int = MOST_PAYMENTS) -> None:
        self._lock = lock
        self._most = most
        self._payments = shelf

    def open(self, terms: Terms, now: datetime) -> Payment:
        """Open a pending payment with a reference of 24 hex digits."""
        payment = Payment(secrets.token_hex(12), secrets.token_urlsafe(6), terms, now)
        with self._lock:
            self._payments[payment.ref] = payment
            while len(self._payments) > self._most:
                self._payments.drop_oldest()
        return payment

    def get(self, ref: str) -> Payment:
        """Return the payment as it is now; raises `UnknownPaymentError`."""
        with self._lock:
            try:
                return self._payments[ref]
            except KeyError:
                raise UnknownPaymentError(ref) from None

    def newest(self, limit: int | None = None, order_id: str | None = None) -> list[Payment]:
        """List payments, newest first, of one order if it is named."""
        with self._lock:
            return list(islice(self._matching(order_id), limit))

    def pay(self, ref: str, now: datetime, part: int | None = None, *, late: bool = False) -> tuple[Payment, bool]:
        """Pay `part`, or all that is due; return the payment and whether this changed it.

        A completed payment stays as it is. Raises `UnknownPaymentError`, `LinkExpiredError`, `PartRefusedError`.
        """
        with self._lock:
            payment = self._payable(ref, now, late=late)
            if payment.status == "completed":
                return payment, False
            amount = payment.amount_due if part is None else part
            if not 1 <= amount <= payment.amount_due:
                raise PartRefusedError(f"partial must be between 1 and {payment.amount_due}, what is due")
            paid = replace(payment, reached_amount=payment.reached_amount + amount)
            return self._try(paid, "success", amount, now), True

    def fail(self, ref: str, now: datetime, *, late: bool = False) -> Payment:
        """Refuse the payer's card: one more failed transaction, the payment stays what it was.

        Raises `UnknownPaymentError`, `LinkExpiredError`.
        """
        with self._lock:
            payment = self._payable(ref, now, late=late)
            if payment.status == "completed":
                return payment
            return self._try(payment, "failed_payment", payment.amount_due, now)

    def note_call(self, ref: str, call: WebhookCall) -> None:
        """Remember a call of the webhook; nothing happens when the payment is forgotten already."""
        with self._lock:
            if payment := self._payments.get(ref):
                calls = (*payment.webhook_calls, call)[-MOST_REMEMBERED:]
                self._payments[ref] = replace(payment, webhook_calls=calls)

    def _payable(self, ref: str, now: datetime, *, late: bool) -> Payment:
        payment = self.get(ref)
        if payment.status == "pending" and payment.is_expired(now) and not late:
            raise LinkExpiredError(ref)
        return payment

    def _try(self, payment: Payment, status: str, amount: int, now: datetime) -> Payment:
        transaction = Transaction(secrets.token_hex(12), status, amount, now)
        tried = replace(payment, transactions=(*payment.transactions, transaction)[-MOST_REMEMBERED:])
        self._payments[payment.ref] = tried
        return tried

    def _matching(self, order_id: str | None) -> Iterator[Payment]:
        for ref in reversed(self._payments):
            payment = self._payments[ref]
            if order_id is None or payment.terms.order_id == order_id:
                yield payment
