"""What every payment gateway can be asked, and how it can fail.

The gateway's word fetched with our own key is the truth; what it sends to us unasked is only a hint to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from app.kernel.errors import PermanentFailure, TransientFailure, UnknownOutcome
from app.kernel.money import Money


class GatewayRefused(PermanentFailure):
    """The gateway understood and said no: a bad request or a bad key. Asking again gives the same answer."""


class UnknownReference(GatewayRefused):
    """The gateway knows no payment of this reference."""


class NotKnownYet(TransientFailure):
    """The gateway knows no payment of a reference that a ping has just named; it may have been asked too early."""


class RateLimited(TransientFailure):
    """The gateway asked us to slow down; nothing was done."""


class Unavailable(TransientFailure):
    """The gateway was surely not reached, or answered a question without effect with an error of its own."""


class Ambiguous(UnknownOutcome):
    """The request went out and no usable answer came back: it may have taken effect."""


class NotSupported(PermanentFailure):
    """This gateway cannot do that: look at its capabilities first."""


class PaymentStatus(StrEnum):
    """What a gateway says of a payment. A word that we do not know is never guessed at."""

    PENDING = "pending"
    COMPLETED = "completed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Capabilities:
    """What a gateway can do. `minimum` and `step` are minor units of each currency it captures and pays out."""

    minimum: Mapping[str, int]
    step: Mapping[str, int]
    cancel: bool
    refund: bool
    look_up_by_order_id: bool

    @property
    def currencies(self) -> frozenset[str]:
        """Return the currencies that it can capture and pay out."""
        return frozenset(self.minimum)


@dataclass(frozen=True)
class CreatePayment:
    """A payment to be opened. `order_id` is our attempt's id; `receiver` None means our own account at the gateway."""

    order_id: UUID
    amount: Money
    description: str
    lifespan_minutes: int
    webhook_url: str
    result_url: str
    receiver: str | None = None


@dataclass(frozen=True)
class PaymentLink:
    """An opened payment: its reference at the gateway and the page where it is paid."""

    payment_ref: str
    pay_url: str


@dataclass(frozen=True)
class PaymentSnapshot:
    """A payment as the gateway tells it. Amounts are minor units of `currency`, as reported, unchecked."""

    payment_ref: str
    order_id: str
    status: PaymentStatus
    amount: int
    reached: int | None
    currency: str
    receiver: str


class Gateway(Protocol):
    """A payment gateway. Every call may raise the failures above; none may be made inside a transaction."""

    @property
    def name(self) -> str:
        """Return its name, which stands in accounts (psp:konnect) and webhook paths."""

    @property
    def capabilities(self) -> Capabilities:
        """Return what it can do."""

    @property
    def own_receiver(self) -> str:
        """Return our own account at the gateway, which every payment to us must name."""

    def create_payment(self, request: CreatePayment) -> PaymentLink:
        """Open a payment."""

    def fetch_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Ask for a payment."""

    def cancel_payment(self, payment_ref: str) -> PaymentSnapshot:
        """Take a payment back before it is paid; NotSupported unless capabilities.cancel."""

    def refund(self, payment_ref: str, amount: Money, idempotency_key: str) -> None:
        """Give money back; NotSupported unless capabilities.refund."""

    def parse_webhook(self, query: Mapping[str, str]) -> str | None:
        """Return the reference that a ping speaks of, None when it names none that can exist. Pure."""
