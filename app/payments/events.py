"""Facts about payments."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PaymentOpened(Event):
    """An attempt was written; the gateway has not been asked yet."""

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class WebhookReceived(Event):
    """A gateway pinged an attempt: a hint to look, nothing more."""

    payment_id: UUID
    ping_id: UUID


@dataclass(frozen=True, kw_only=True)
class PollDue(Event):
    """An attempt should be looked at, ping or no ping."""

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentCaptured(Event):
    """Money came for an open order and is earmarked for it."""

    payment_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentCapturedLate(Event):
    """Money came for an order that was closed or already paid; it lies in the payer's wallet."""

    payment_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentConflicted(Event):
    """The gateway tells of another amount, currency, order or receiver than we asked for."""

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentUnclear(Event):
    """The gateway does not say whether an attempt was paid: it uses a word that we do not know, or cannot be asked."""

    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class PaymentFailed(Event):
    """The gateway refused to open a payment."""

    payment_id: UUID
