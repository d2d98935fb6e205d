"""What several use cases do to a payout that they have locked."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.infra import outbox
from app.infra.changes import announce
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payouts import queries, rules
from app.payouts.events import PayoutBecameUnknown, PayoutReturned
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.states import PAYOUT, PayoutState, PayoutStep


def take(session: Session, payout: Payout, step: PayoutStep) -> bool:
    """Take a step and tell those who wait; False when it changes nothing. Raises IllegalTransition."""
    before = payout.status
    payout.status = PAYOUT.transition(PayoutState(before), step)
    announce(session, payout.id)
    return payout.status != before


def give_back(session: Session, payout: Payout, amount: Money) -> None:
    """Post so much of a payout as will not be paid back to the mentor's earnings."""
    lines = {accounts.payout_pending(payout.id): -amount, accounts.earnings(payout.mentor_id): amount}
    ledger.post(session, f"payout-back:{payout.id}", "payout_back", lines)


def charge(session: Session, payout: Payout, too_much: Money, *, ref: str, to: str) -> None:
    """Take what a mentor received too much from the earnings as far as they reach; note the rest as a debt.

    Should the earnings be spent between look and posting, the ledger refuses: whoever asked for it tries again.
    """
    covered = min(too_much, ledger.withdrawable(session, payout.mentor_id, too_much.currency))
    if covered:
        ledger.post(session, ref, "payout", {accounts.earnings(payout.mentor_id): -covered, to: covered})
    payout.debt += (too_much - covered).minor


def return_to_pending(session: Session, payout: Payout) -> None:
    """Have a payout whose link has ended unpaid decided again, unless another link still stands; its mentor is told."""
    attempts = queries.attempts_of(session, [payout.id])
    if rules.may_be_paid_again(attempts) and take(session, payout, PayoutStep.RETURN):
        payout.decided_at = payout.decided_by = None
        outbox.record(session, PayoutReturned(payout_id=payout.id))


def lose(session: Session, payout: Payout, attempt: PayoutAttempt) -> None:
    """Note that nobody can say whether a payout was paid; the back office is told once."""
    if take(session, payout, PayoutStep.LOSE):
        outbox.record(session, PayoutBecameUnknown(payout_id=payout.id, attempt_id=attempt.id))
