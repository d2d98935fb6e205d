"""What the gateway cannot tell, a person finds out: how much of an unknown payout its mentor has received."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from app.infra import outbox
from app.infra.clock import business_now
from app.kernel.money import Money
from app.kernel.states import IllegalTransition
from app.ledger import accounts
from app.ledger import service as ledger
from app.payouts import queries, rules
from app.payouts.errors import LinkCanStillBePaid, WrongCurrency
from app.payouts.events import PayoutPaid, PayoutRejected
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.service.decisions import lock_for
from app.payouts.service.steps import charge, give_back, take
from app.payouts.states import ATTEMPT, DOUBTED, LIVE, AttemptState, AttemptStep, PayoutState, PayoutStep


def resolve(session: Session, actor_id: UUID, payout_id: UUID, *, received: Money, reason: str) -> None:
    """Close an unknown payout by what its mentor has received of it: nothing, a part, all, or too much.

    What was not received is earnings again; what was too much is taken from them. Should the person be wrong and the
    gateway tell of the money later, it is charged like any link that was paid late: nobody keeps it twice.

    Raises NoSuchPayout, OwnPayout, WrongCurrency, IllegalTransition, and LinkCanStillBePaid while one has time left.
    """
    payout = lock_for(session, actor_id, payout_id)
    if received.currency != payout.asked.currency:
        raise WrongCurrency(f"This payout is in {payout.asked.currency}.", pointer="/received/currency")
    attempts, now = queries.attempts_of(session, [payout.id]), business_now(session)
    if payout.status != PayoutState.UNKNOWN:
        raise IllegalTransition(f"A payout that is {payout.status} has nothing to resolve: only an unknown one has.")
    payout.paid_at = now if received else None
    take(session, payout, PayoutStep.PAY if received else PayoutStep.REJECT)
    if not rules.may_be_resolved(attempts, now):
        raise LinkCanStillBePaid
    payout.decided_at, payout.decided_by, payout.reason = now, actor_id, reason
    if received:
        _pay(session, payout, attempts, received)
        outbox.record(session, PayoutPaid(payout_id=payout.id))
    else:
        give_back(session, payout, payout.asked)
        outbox.record(session, PayoutRejected(payout_id=payout.id))
    _end_silent(attempts)


def _pay(session: Session, payout: Payout, attempts: Sequence[PayoutAttempt], received: Money) -> None:
    """Post what was received against where the gateway's word has put it; the rest of a conflict stays there."""
    doubted = [one for one in attempts if one.status in DOUBTED]
    attempt = min(doubted, key=lambda one: DOUBTED.index(AttemptState(one.status)))
    told = attempt.status == AttemptState.CONFLICTED
    away = accounts.suspense(attempt.gateway) if told else accounts.psp(attempt.gateway)
    step = AttemptStep.ACCEPT if told else AttemptStep.PAY
    attempt.status = ATTEMPT.transition(AttemptState(attempt.status), step)
    attempt.next_poll_at = None
    part = min(received, payout.asked)
    lines = {accounts.payout_pending(payout.id): -part, away: part}
    ledger.post(session, f"payout-paid:{payout.id}", "payout_paid", lines)
    if part < payout.asked:
        give_back(session, payout, payout.asked - part)
    if part < received:
        charge(session, payout, received - part, ref=f"payout-late:{attempt.id}", to=away)


def _end_silent(attempts: Sequence[PayoutAttempt]) -> None:
    """End the links whose time is up and of which the gateway has not told; it is asked for another day."""
    for attempt in attempts:
        if attempt.status in LIVE:
            attempt.status = ATTEMPT.transition(AttemptState(attempt.status), AttemptStep.EXPIRE)
