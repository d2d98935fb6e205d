"""Links: the attempt is written before the gateway is asked, so that whatever happens then has a row to come home to.

The payment is opened with the mentor's wallet as its receiver; a person of the back office pays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp.base import CreatePayment, PaymentLink
from app.infra import crypto, outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.infra.config import settings
from app.payouts import queries, rules
from app.payouts.events import PayoutLinkRefused
from app.payouts.models import Payout, PayoutAttempt
from app.payouts.service.steps import lose, return_to_pending, take
from app.payouts.states import ATTEMPT, FINAL, LIVE, AttemptState, AttemptStep, PayoutStep

#: The purpose of the MAC in webhook paths: one that was made for a payment opens nothing here.
WEBHOOK_LABEL = "konnect-payout-webhook:v1"


@dataclass(frozen=True)
class LinkRequest:
    """What to ask which gateway, taken from an attempt before the call."""

    gateway: str
    payment: CreatePayment


def prepare_link(session: Session, attempt_id: UUID) -> LinkRequest | None:
    """Return what to ask the gateway for an attempt; None when it needs no link any more.

    Counted before the call: one that died with its worker is made again under the same attempt, and should the link
    that nobody saw be paid all the same, its order id is the attempt's (docs/adr/0007). Its time runs from here.
    """
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    if attempt.status != AttemptState.INITIATING:
        return None
    if business_now(session) >= attempt.expires_at:
        give_up_asking(session, payout, attempt)
        return None
    attempt.create_calls += 1
    _may_be_paid_from(attempt, business_now(session))
    base = f"{settings().public_url.rstrip('/')}/api/v1"
    path = f"webhooks/{attempt.gateway}-payout/{attempt.id}"
    request = CreatePayment(
        order_id=attempt.id,
        amount=payout.asked,
        description=f"Payout {payout.id}",
        lifespan_minutes=settings().payout_return_hours * 60,
        webhook_url=f"{base}/{path}/{crypto.mac(WEBHOOK_LABEL, str(attempt.id))}",
        result_url=f"{base}/payout-links/{attempt.id}/result",
        receiver=payout.destination,
    )
    return LinkRequest(attempt.gateway, request)


def record_link(session: Session, attempt_id: UUID, link: PaymentLink) -> None:
    """Bind the gateway's reference to the attempt and show its link; an attempt that ended meanwhile keeps its end.

    The link that is shown is the one that is looked at, even if a ping has bound one that nobody has seen. Its life
    began before this answer: counted from now, it has surely ended when we say that it has.
    """
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    if attempt.status in FINAL:  # by the link of another call: there is nothing to look at any more
        return
    now = business_now(session)
    before = attempt.status
    attempt.status = ATTEMPT.transition(AttemptState(before), AttemptStep.LINK)
    if attempt.status in LIVE or attempt.payment_ref is None:
        attempt.payment_ref = link.payment_ref
    _may_be_paid_from(attempt, now)
    if attempt.status != before:
        attempt.pay_url = link.pay_url
        take(session, payout, PayoutStep.OPEN)
    attempt.next_poll_at = rules.next_poll(now, 0, attempt.expires_at, is_live=attempt.status in LIVE)


def record_lost_link(session: Session, attempt_id: UUID) -> None:
    """Note that the gateway's answer was lost: nobody has seen the link, and somebody has to decide again."""
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    if _end_unasked(session, payout, attempt, AttemptStep.LOSE):
        _may_be_paid_from(attempt, business_now(session))


def record_refusal(session: Session, attempt_id: UUID) -> None:
    """Note that the gateway refused to make the link: the payout is pending again, the back office is told."""
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    if _end_unasked(session, payout, attempt, AttemptStep.REFUSE):
        outbox.record(session, PayoutLinkRefused(payout_id=payout.id, attempt_id=attempt.id))


def give_up_asking(session: Session, payout: Payout, attempt: PayoutAttempt) -> None:
    """End a locked attempt that never got a link: expired if the gateway was not asked, else unknown."""
    _end_unasked(session, payout, attempt, AttemptStep.LOSE if attempt.create_calls else AttemptStep.EXPIRE)


def _may_be_paid_from(attempt: PayoutAttempt, latest_start: datetime) -> None:
    """Count a link's life from the latest moment at which the gateway can have made it, and look at its end."""
    attempt.expires_at = attempt.next_poll_at = latest_start + timedelta(hours=settings().payout_return_hours)


def _end_unasked(session: Session, payout: Payout, attempt: PayoutAttempt, step: AttemptStep) -> bool:
    """End an attempt without a link, and have its payout decided again; False when it had ended or has its link."""
    before = attempt.status
    attempt.status = ATTEMPT.transition(AttemptState(before), step)
    announce(session, payout.id)
    if attempt.status == before:
        return False
    if step == AttemptStep.LOSE:
        lose(session, payout, attempt)
    else:
        return_to_pending(session, payout)
    return True
