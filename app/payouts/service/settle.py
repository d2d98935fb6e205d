"""Settlement: the gateway's word against ours, and what is posted for it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp.base import PaymentSnapshot
from app.infra import outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.kernel.money import EXPONENTS, Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import rules as payments
from app.payouts import queries, rules
from app.payouts.events import PayoutConflicted, PayoutPaid, PayoutPaidLate
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.rules import Verdict
from app.payouts.service.steps import charge, lose, return_to_pending, take
from app.payouts.states import ATTEMPT, ENDED_UNPAID, FINAL, LIVE, OPEN, AttemptState, AttemptStep, PayoutStep


def settle(session: Session, attempt_id: UUID, snapshot: PaymentSnapshot, *, had_expired: bool) -> None:
    """Compare what was fetched with the payout and do what follows: paid, expired, conflict, unknown, or wait.

    Runs as often as it likes: states are checked under the locks of payout and attempt, postings carry their refs.
    """
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    if attempt.status in FINAL or not _bind(attempt, snapshot, business_now(session)):
        return
    is_bound = snapshot.payment_ref == attempt.payment_ref  # another link of ours says nothing of the one we showed
    found = rules.verdict(
        snapshot, attempt_id=str(attempt.id), amount=payout.asked, receiver=payout.destination,
        had_expired=had_expired and is_bound,
    )  # fmt: skip
    if found == Verdict.PAID:
        _pay(session, payout, attempt)
    elif found == Verdict.CONFLICTED:
        _conflict(session, payout, attempt, snapshot)
    elif found == Verdict.UNPAID:
        _expire(session, payout, attempt)
    elif found == Verdict.SILENT:
        _wonder(session, payout, attempt)


def record_silence(session: Session, attempt_id: UUID) -> None:
    """Note that the gateway could not be asked about an expired link: its payout stays, and is not made again."""
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    _wonder(session, payout, attempt)


def _bind(attempt: PayoutAttempt, snapshot: PaymentSnapshot, now: datetime) -> bool:
    """Bind the attempt to what was fetched; False when that is not about this attempt."""
    reference = payments.reference_to_bind(
        snapshot, attempt_id=str(attempt.id), bound_ref=attempt.payment_ref, create_calls=attempt.create_calls
    )
    if reference is None:
        return False
    if attempt.payment_ref is None:  # now there is something to look at, whether another ping comes or not
        attempt.next_poll_at = rules.next_poll(now, 0, attempt.expires_at, is_live=attempt.status in LIVE)
    attempt.payment_ref = reference
    return True


def _pay(session: Session, payout: Payout, attempt: PayoutAttempt) -> None:
    """Pay an open payout, whichever link did it; what a closed one received too much is the mentor's to give back."""
    had_ended = attempt.status in ENDED_UNPAID
    if payout.status in OPEN:
        out = {accounts.payout_pending(payout.id): -payout.asked, accounts.psp(attempt.gateway): payout.asked}
        _end(session, payout, attempt, AttemptStep.PAY)
        for other in queries.lock_live_attempts(session, payout.id):
            other.status = ATTEMPT.transition(AttemptState(other.status), AttemptStep.CANCEL)
        payout.paid_at = business_now(session)
        take(session, payout, PayoutStep.PAY)
        ledger.post(session, f"payout-paid:{payout.id}", "payout_paid", out)
        outbox.record(session, PayoutPaid(payout_id=payout.id))
    else:
        _end(session, payout, attempt, AttemptStep.CONFLICT)
        charge(session, payout, payout.asked, ref=f"payout-late:{attempt.id}", to=accounts.psp(attempt.gateway))
    if had_ended:
        outbox.record(session, PayoutPaidLate(payout_id=payout.id, attempt_id=attempt.id))


def _conflict(session: Session, payout: Payout, attempt: PayoutAttempt, snapshot: PaymentSnapshot) -> None:
    """Put what the gateway reports aside until a person has looked; the payout is not made again by itself."""
    reported = snapshot.amount if snapshot.reached is None else snapshot.reached
    _end(session, payout, attempt, AttemptStep.CONFLICT)
    if snapshot.currency in EXPONENTS and reported > 0:
        amount = Money(reported, snapshot.currency)
        lines = {accounts.suspense(attempt.gateway): -amount, accounts.psp(attempt.gateway): amount}
        ledger.post(session, f"suspense:{attempt.id}", "suspense", lines)
    take(session, payout, PayoutStep.LOSE)
    outbox.record(session, PayoutConflicted(payout_id=payout.id, attempt_id=attempt.id))


def _expire(session: Session, payout: Payout, attempt: PayoutAttempt) -> None:
    before = attempt.status
    attempt.status = ATTEMPT.transition(AttemptState(before), AttemptStep.EXPIRE)
    if attempt.status != before:
        return_to_pending(session, payout)


def _wonder(session: Session, payout: Payout, attempt: PayoutAttempt) -> None:
    """Only a link that somebody may have paid makes its payout unknown: one that ended has had its say."""
    if attempt.status in LIVE:
        lose(session, payout, attempt)


def _end(session: Session, payout: Payout, attempt: PayoutAttempt, step: AttemptStep) -> None:
    attempt.status = ATTEMPT.transition(AttemptState(attempt.status), step)
    attempt.next_poll_at = None
    announce(session, payout.id)
