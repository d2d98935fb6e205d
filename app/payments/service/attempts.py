"""Attempts: written before the gateway is asked, so that whatever happens then has a row to come home to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.gateways.psp.base import CreatePayment, PaymentLink
from app.infra import crypto, outbox
from app.infra.changes import announce
from app.infra.clock import business_now
from app.infra.config import settings
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.ledger import service as ledger
from app.payments import queries, rules
from app.payments.errors import AmountNotPayable, OrderNotOpen, PaymentStillOpen
from app.payments.events import PaymentFailed, PaymentOpened
from app.payments.models import Order, Payment
from app.payments.states import FINAL, LIVE, PAYMENT, OrderState, PaymentState, PaymentStep

#: The purpose of the MAC in webhook paths. It says only: this attempt is ours, look at it.
WEBHOOK_LABEL = "konnect-webhook:v1"


@dataclass(frozen=True)
class CheckoutRequest:
    """What to ask which gateway, taken from an attempt before the call."""

    gateway: str
    payment: CreatePayment


def write_attempt(session: Session, order: Order, amount: Money) -> Payment:
    """Write an attempt to pay a part of an order and have its link fetched after the commit."""
    return _write(
        session,
        Payment(
            id=new_id(), order_id=order.id, payer_id=order.payer_id, purpose="order", asked=amount,
            description=order.description, expires_at=order.deadline,
        ),
    )  # fmt: skip


def open_payment(session: Session, order_id: UUID) -> UUID:
    """Open a new attempt for an order whose last one has ended; return its id.

    Raises OrderNotOpen when there is nothing to pay or no time left, PaymentStillOpen while an attempt lives.
    """
    order = queries.lock_order(session, order_id)
    if order.status != OrderState.OPEN or business_now(session) >= order.deadline:
        raise OrderNotOpen
    if queries.live_payment_id(session, order.id) is not None:
        raise PaymentStillOpen
    rest = order.price - ledger.held_for(session, order.purpose, order.price.currency)
    if rest.minor <= 0:
        raise OrderNotOpen
    return write_attempt(session, order, rest).id


def check_payable(amount: Money) -> None:
    """Raise UnsupportedCurrency or AmountNotPayable, about the field `amount`, for what no gateway moves."""
    capabilities = router.gateway_for(amount.currency, pointer="/amount/currency").capabilities
    if not rules.payable(amount, capabilities):
        limits = (max(capabilities.minimum[amount.currency], 1), rules.MOST, capabilities.step[amount.currency])
        least, most, step = (Money(minor, amount.currency) for minor in limits)
        raise AmountNotPayable(f"Send {least} to {most}, in steps of {step}.", pointer="/amount")


def open_top_up(session: Session, payer_id: UUID, amount: Money) -> UUID:
    """Open an attempt to bring money into a wallet; raise UnsupportedCurrency or AmountNotPayable."""
    check_payable(amount)
    expires_at = business_now(session) + timedelta(minutes=settings().pay_link_minutes)
    payment = Payment(
        id=new_id(), payer_id=payer_id, purpose="top_up", asked=amount, description="Top-up", expires_at=expires_at
    )
    return _write(session, payment).id


def prepare_checkout(session: Session, payment_id: UUID) -> CheckoutRequest | None:
    """Return what to ask the gateway for an attempt; None when it needs no link any more.

    Nobody is sent to pay for an order that was given up or paid meanwhile: whoever did that ends the attempt. One
    whose time is up ends here.

    Counted before the call. A worker that dies in the call leaves a payment at the gateway whose link nobody has
    seen; the call is made again under the same attempt, and should the first be paid all the same, its order id is
    the attempt's and brings the money home (see settle).
    """
    order, payment = queries.lock_with_order(session, payment_id)
    if payment.status != PaymentState.INITIATING or (order and order.status != OrderState.OPEN):
        return None
    if business_now(session) >= payment.expires_at:
        give_up_asking(session, payment)
        return None
    payment.create_calls += 1
    lifespan = (payment.expires_at - business_now(session)) // timedelta(minutes=1)
    base = f"{settings().public_url.rstrip('/')}/api/v1"
    request = CreatePayment(
        order_id=payment.id,
        amount=payment.asked,
        description=payment.description,
        lifespan_minutes=max(lifespan, 1),
        webhook_url=f"{base}/webhooks/{payment.gateway}/{payment.id}/{webhook_mac(payment.id)}",
        result_url=f"{base}/payments/{payment.id}/result",
    )
    return CheckoutRequest(payment.gateway, request)


def record_link(session: Session, payment_id: UUID, link: PaymentLink) -> None:
    """Bind the gateway's reference to the attempt and show its link; an attempt that ended meanwhile keeps its end.

    The link that is shown is the one that is looked at, even if a ping has bound a payment that nobody has seen.
    """
    payment = queries.lock_payment(session, payment_id)
    payment.status = PAYMENT.transition(PaymentState(payment.status), PaymentStep.LINK)
    if payment.status in LIVE:
        payment.pay_url = link.pay_url
    if payment.status in LIVE or payment.payment_ref is None:
        payment.payment_ref = link.payment_ref
    if payment.status not in FINAL:
        payment.next_poll_at = rules.next_poll(business_now(session), 0, payment.expires_at)
    announce(session, payment.id)


def record_lost_link(session: Session, payment_id: UUID) -> None:
    """Note that the gateway's answer was lost: nobody has seen the link, so a new attempt may be opened."""
    payment = queries.lock_payment(session, payment_id)
    payment.status = PAYMENT.transition(PaymentState(payment.status), PaymentStep.LOSE)
    announce(session, payment.id)


def record_refusal(session: Session, payment_id: UUID) -> None:
    """Note that the gateway refused to open the payment; the back office is told."""
    payment = queries.lock_payment(session, payment_id)
    before = payment.status
    payment.status = PAYMENT.transition(PaymentState(before), PaymentStep.REFUSE)
    if payment.status != before:
        outbox.record(session, PaymentFailed(payment_id=payment.id))
    announce(session, payment.id)


def give_up_asking(session: Session, payment: Payment) -> None:
    """End a locked attempt that never got a link: expired if the gateway was not asked, else unknown."""
    step = PaymentStep.LOSE if payment.create_calls else PaymentStep.EXPIRE
    payment.status = PAYMENT.transition(PaymentState(payment.status), step)
    announce(session, payment.id)


def webhook_mac(payment_id: UUID) -> str:
    """Return the MAC that stands in the webhook path of an attempt."""
    return crypto.mac(WEBHOOK_LABEL, str(payment_id))


def _write(session: Session, payment: Payment) -> Payment:
    payment.gateway = router.gateway_for(payment.asked.currency).name
    payment.status = PaymentState.INITIATING
    payment.created_at = business_now(session)
    payment.next_poll_at = payment.expires_at  # without a link there is nothing to look at sooner
    session.add(payment)
    outbox.record(session, PaymentOpened(payment_id=payment.id))
    return payment
