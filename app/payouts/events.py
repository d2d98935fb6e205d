"""Facts about payouts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class PayoutApproved(Event):
    """Somebody of the back office approved; the attempt is written, the gateway has not been asked yet."""

    payout_id: UUID
    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutWebhookReceived(Event):
    """A gateway pinged an attempt: a hint to look, nothing more."""

    attempt_id: UUID
    ping_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutPollDue(Event):
    """An attempt should be looked at, ping or no ping."""

    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutPaid(Event):
    """The mentor has the money."""

    payout_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutRejected(Event):
    """The back office said no; the money is the mentor's again."""

    payout_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutReturned(Event):
    """A link ended unpaid, or was never made: the payout waits to be decided again."""

    payout_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutPaidLate(Event):
    """A link that had ended was paid all the same."""

    payout_id: UUID
    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutConflicted(Event):
    """The gateway tells of another amount, currency, order or receiver than the payout asks."""

    payout_id: UUID
    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutLinkRefused(Event):
    """The gateway refused to make the link; the payout is pending again."""

    payout_id: UUID
    attempt_id: UUID


@dataclass(frozen=True, kw_only=True)
class PayoutBecameUnknown(Event):
    """The gateway cannot say whether the payout was paid."""

    payout_id: UUID
    attempt_id: UUID
