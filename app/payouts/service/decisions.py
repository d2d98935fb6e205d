"""What the back office decides: approve or reject, and never about one's own money."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.infra import outbox
from app.infra.clock import business_now
from app.infra.config import settings
from app.kernel.ids import new_id
from app.payouts import queries, rules
from app.payouts.errors import LinkCanStillBePaid, NoSuchPayout, OwnPayout
from app.payouts.events import PayoutApproved, PayoutRejected
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.service.steps import give_back, take
from app.payouts.states import AttemptState, PayoutStep


def approve(session: Session, actor_id: UUID, payout_id: UUID) -> None:
    """Approve a payout: a link to pay it is made after the commit. Of two who approve at once, one is refused.

    Raises NoSuchPayout, OwnPayout, IllegalTransition, and LinkCanStillBePaid while a link that was seen stands.
    """
    payout = lock_for(session, actor_id, payout_id)
    take(session, payout, PayoutStep.APPROVE)
    if not rules.may_be_paid_again(queries.attempts_of(session, [payout.id])):
        raise LinkCanStillBePaid
    now = business_now(session)
    payout.decided_at, payout.decided_by = now, actor_id
    until = now + timedelta(hours=settings().payout_return_hours)
    attempt = PayoutAttempt(
        id=new_id(), payout_id=payout.id, gateway=router.gateway_for(payout.asked.currency).name,
        status=AttemptState.INITIATING, created_at=now, expires_at=until,
        next_poll_at=until,  # without a link there is nothing to look at sooner
    )  # fmt: skip
    session.add(attempt)
    outbox.record(session, PayoutApproved(payout_id=payout.id, attempt_id=attempt.id))


def reject(session: Session, actor_id: UUID, payout_id: UUID, reason: str) -> None:
    """Reject a payout: the money is the mentor's earnings again.

    Raises NoSuchPayout, OwnPayout, IllegalTransition, LinkCanStillBePaid.
    """
    payout = lock_for(session, actor_id, payout_id)
    take(session, payout, PayoutStep.REJECT)
    now = business_now(session)
    if not rules.may_be_given_back(queries.attempts_of(session, [payout.id]), now):
        raise LinkCanStillBePaid
    payout.decided_at, payout.decided_by, payout.reason = now, actor_id, reason
    give_back(session, payout, payout.asked)
    outbox.record(session, PayoutRejected(payout_id=payout.id))


def lock_for(session: Session, actor_id: UUID, payout_id: UUID) -> Payout:
    """Lock a payout for somebody who decides about it; raise NoSuchPayout, OwnPayout."""
    payout = queries.lock_payout(session, payout_id)
    if payout is None:
        raise NoSuchPayout
    if payout.mentor_id == actor_id:
        raise OwnPayout
    return payout
