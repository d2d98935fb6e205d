"""Settlement: the gateway's word against ours, and what is posted for it."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.gateways.psp.base import PaymentSnapshot, PaymentStatus
from app.infra import metrics, outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.kernel.money import EXPONENTS, Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import queries, rules
from app.payments.events import PaymentCaptured, PaymentCapturedLate, PaymentConflicted, PaymentUnclear
from app.payments.models import Order, Payment
from app.payments.service.orders import earmark
from app.payments.states import FINAL, LIVE, PAYMENT, OrderState, PaymentState, PaymentStep

log = logging.getLogger(__name__)


def settle(session: Session, payment_id: UUID, snapshot: PaymentSnapshot, *, had_expired: bool, is_last: bool) -> None:
    """Compare what was fetched with the attempt and do what follows: capture, part, expire, conflict, or wait.

    `had_expired`: the link's time was up before the gateway was asked, not only since. `is_last`: no poll follows.
    Runs as often as it likes: states are checked under the locks of order and attempt, postings carry their refs.
    """
    order, payment = queries.lock_with_order(session, payment_id)
    if payment.status in FINAL or not _bind(payment, snapshot, business_now(session)):
        return
    if snapshot.status == PaymentStatus.COMPLETED:
        _settle_completed(session, order, payment, snapshot)
    elif snapshot.status == PaymentStatus.PENDING:
        _settle_pending(session, order, payment, snapshot, had_expired=had_expired, is_last=is_last)
    else:
        _wonder(session, payment, had_expired=had_expired)


def record_silence(session: Session, payment_id: UUID) -> None:
    """Note that nobody could ask about an attempt until its polls were over; money may come all the same."""
    _, payment = queries.lock_with_order(session, payment_id)
    if payment.status in LIVE:  # one that ended meanwhile has had its say
        _doubt(session, payment)


def _bind(payment: Payment, snapshot: PaymentSnapshot, now: datetime) -> bool:
    """Bind the attempt to what was fetched; False when that is not about this attempt."""
    reference = rules.reference_to_bind(
        snapshot, attempt_id=str(payment.id), bound_ref=payment.payment_ref, create_calls=payment.create_calls
    )
    if reference is None:
        return False
    if payment.payment_ref is None:  # now there is something to look at, whether another ping comes or not
        payment.next_poll_at = rules.next_poll(now, 0, payment.expires_at)
    payment.payment_ref = reference
    return True


def _settle_completed(session: Session, order: Order | None, payment: Payment, snapshot: PaymentSnapshot) -> None:
    short = snapshot.reached is not None and snapshot.reached < payment.asked.minor
    if short or _wrong(payment, snapshot):
        _conflict(session, payment, snapshot)
        return
    surplus_too = max(payment.asked.minor, snapshot.reached or 0)
    _capture(session, order, payment, surplus_too, ref=f"capture:{payment.id}")
    metrics.CAPTURES.add_with(session, payment.gateway, payment.asked.currency)
    payment.status = PAYMENT.transition(PaymentState(payment.status), PaymentStep.CAPTURE)
    payment.next_poll_at = None
    announce(session, payment.id)
    if order is not None:
        came_late = order.status != OrderState.OPEN
        event = PaymentCapturedLate if came_late else PaymentCaptured
        outbox.record(session, event(payment_id=payment.id, order_id=order.id))


def _settle_pending(
    session: Session, order: Order | None, payment: Payment, snapshot: PaymentSnapshot, *, had_expired: bool,
    is_last: bool,
) -> None:  # fmt: skip
    """Book a part that came; expire when the time is up. Pending is never failure: the payer may try again.

    What does not match is waited for while the link lives; if money came for it by the end, it is a conflict. Where
    just what we asked for is there, `completed` is about to be said, and is waited for until the last look.
    """
    reached, matches = snapshot.reached or 0, not _wrong(payment, snapshot)
    if matches and payment.captured < reached < payment.asked.minor:
        _capture(session, order, payment, reached, ref=f"capture:{payment.id}:{reached}")
    if not had_expired:
        return
    if matches and reached == payment.asked.minor and not is_last:
        payment.next_poll_at = payment.next_poll_at or rules.one_more_poll(business_now(session))
        return
    if reached and _not_booked_yet(payment, snapshot.currency, reached) > 0:
        _conflict(session, payment, snapshot)
        return
    payment.status = PAYMENT.transition(PaymentState(payment.status), PaymentStep.EXPIRE)
    announce(session, payment.id)


def _wonder(session: Session, payment: Payment, *, had_expired: bool) -> None:
    """Neither paid nor not paid: a person must find out what the word means. A link that has time left is kept open."""
    log.error("a gateway used a word that we do not know", extra={"payment_id": str(payment.id)})
    if had_expired or payment.status not in LIVE:
        _doubt(session, payment)
    else:
        outbox.record(session, PaymentUnclear(payment_id=payment.id))


def _doubt(session: Session, payment: Payment) -> None:
    """End an attempt of which nobody can say how it ended; the back office is told once."""
    before = PaymentState(payment.status)
    step = PaymentStep.LOSE if before == PaymentState.INITIATING else PaymentStep.DOUBT
    payment.status = PAYMENT.transition(before, step)
    announce(session, payment.id)
    if payment.status != before:
        outbox.record(session, PaymentUnclear(payment_id=payment.id))


def _capture(session: Session, order: Order | None, payment: Payment, reached: int, *, ref: str) -> None:
    """Post what came since the last look to the payer's deposit, and earmark it while the order is open."""
    amount = Money(reached - payment.captured, payment.asked.currency)
    ledger.post(
        session, ref, "capture", {accounts.psp(payment.gateway): -amount, accounts.deposit(payment.payer_id): amount}
    )
    # Whoever posts to the gateway's account holds it until the commit: nobody waits for this row who does not for that.
    metrics.CAPTURED.add_with(session, payment.gateway, amount.currency, amount=amount.minor)
    payment.captured = reached
    if order is not None and order.status == OrderState.OPEN:
        earmark(session, order, ref, amount)


def _conflict(session: Session, payment: Payment, snapshot: PaymentSnapshot) -> None:
    """Put what the gateway reports aside until a person has looked, where it is a currency of ours."""
    told = snapshot.amount if snapshot.reached is None else snapshot.reached
    reported = _not_booked_yet(payment, snapshot.currency, told)
    if snapshot.currency in EXPONENTS and reported > 0:
        amount = Money(reported, snapshot.currency)
        lines = {accounts.psp(payment.gateway): -amount, accounts.suspense(payment.gateway): amount}
        ledger.post(session, f"suspense:{payment.id}", "suspense", lines)
    payment.status = PAYMENT.transition(PaymentState(payment.status), PaymentStep.CONFLICT)
    payment.next_poll_at = None
    announce(session, payment.id)
    outbox.record(session, PaymentConflicted(payment_id=payment.id))


def _wrong(payment: Payment, snapshot: PaymentSnapshot) -> list[str]:
    receiver = router.gateway(payment.gateway).own_receiver
    return rules.mismatches(snapshot, attempt_id=str(payment.id), amount=payment.asked, receiver=receiver)


def _not_booked_yet(payment: Payment, currency: str, told: int) -> int:
    """Return the minor units of what the gateway tells that no part booked before has in it."""
    return told - payment.captured if currency == payment.asked.currency else told
