"""What mentors and the back office see of payouts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.kernel.money import Money
from app.payouts import queries
from app.payouts.errors import NoSuchLink, NoSuchPayout
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.states import LIVE, PayoutState


@dataclass(frozen=True)
class AttemptView:
    """One link of a payout, as the back office sees it."""

    id: UUID
    status: str
    gateway: str
    payment_ref: str | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class PayoutView:
    """A payout with its links. `debt`: what the mentor received and did not earn."""

    id: UUID
    status: str
    amount: Money
    mentor_id: UUID
    destination: dict[str, str]
    requested_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None
    paid_at: datetime | None
    reason: str | None
    debt: Money
    pay_url: str | None
    attempts: list[AttemptView]


def show_payout(session: Session, payout_id: UUID, mentor_id: UUID | None) -> PayoutView:
    """Return a payout to its mentor (or, without one, to the back office); raise NoSuchPayout."""
    payout = queries.find_payout(session, payout_id)
    if payout is None or (mentor_id is not None and payout.mentor_id != mentor_id):
        raise NoSuchPayout
    return _views(session, [payout])[0]


def list_payouts(session: Session, mentor_id: UUID, *, before: UUID | None, limit: int) -> list[PayoutView]:
    """Return a mentor's payouts, the latest first."""
    return _views(session, queries.list_payouts(session, queries.of_mentor(mentor_id), before=before, limit=limit))


def list_all_payouts(session: Session, *, status: str | None, before: UUID | None, limit: int) -> list[PayoutView]:
    """Return everybody's payouts, all or those in a state, the latest first."""
    narrowed = [queries.in_state(status)] if status else []
    return _views(session, queries.list_payouts(session, *narrowed, before=before, limit=limit))


def show_attempt_status(session: Session, attempt_id: UUID) -> str:
    """Return where a link stands, for the page that its payer comes back to; raise NoSuchLink."""
    attempt = queries.find_attempt(session, attempt_id)
    if attempt is None:
        raise NoSuchLink
    return attempt.status


def _views(session: Session, payouts: Sequence[Payout]) -> list[PayoutView]:
    attempts = queries.attempts_of(session, [payout.id for payout in payouts])
    return [_view(payout, [one for one in attempts if one.payout_id == payout.id]) for payout in payouts]


def _view(payout: Payout, attempts: Sequence[PayoutAttempt]) -> PayoutView:
    """Show a link only while it is the one to be paid."""
    links = [attempt.pay_url for attempt in attempts if attempt.status in LIVE]
    return PayoutView(
        id=payout.id, status=payout.status, amount=payout.asked, mentor_id=payout.mentor_id,
        destination={"konnect_wallet_id": payout.destination}, requested_at=payout.requested_at,
        decided_at=payout.decided_at, decided_by=payout.decided_by, paid_at=payout.paid_at, reason=payout.reason,
        debt=Money(payout.debt, payout.asked.currency),
        pay_url=links[0] if links and payout.status == PayoutState.PROCESSING else None,
        attempts=[_attempt(attempt) for attempt in attempts],
    )  # fmt: skip


def _attempt(attempt: PayoutAttempt) -> AttemptView:
    return AttemptView(
        id=attempt.id, status=attempt.status, gateway=attempt.gateway, payment_ref=attempt.payment_ref,
        created_at=attempt.created_at, expires_at=attempt.expires_at,
    )  # fmt: skip
