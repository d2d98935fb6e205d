"""What others see of orders and payments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.kernel.money import Money
from app.ledger import service as ledger
from app.payments import queries
from app.payments.errors import NoSuchPayment
from app.payments.models import Order, Payment
from app.payments.states import LIVE, OrderState


@dataclass(frozen=True)
class PaymentView:
    """An attempt as its payer sees it. A link is shown only while it can be used."""

    id: UUID
    status: str
    gateway: str
    amount: Money
    pay_url: str | None
    expires_at: datetime
    purpose: str
    order_id: UUID | None


@dataclass(frozen=True)
class OrderView:
    """An order with its latest attempt, None where the wallet covered it."""

    id: UUID
    status: str
    amount: Money
    amount_paid: Money
    from_wallet: Money
    deadline: datetime
    payment: PaymentView | None


def show_payment(session: Session, payment_id: UUID, payer_id: UUID | None) -> PaymentView:
    """Return an attempt to its payer (or, without a payer, to the back office); raise NoSuchPayment."""
    payment = queries.find_payment(session, payment_id)
    if payment is None or (payer_id is not None and payment.payer_id != payer_id):
        raise NoSuchPayment
    return _payment(payment)


def show_payment_status(session: Session, payment_id: UUID) -> str:
    """Return where an attempt stands, for the page that a payer comes back to; raise NoSuchPayment."""
    payment = queries.find_payment(session, payment_id)
    if payment is None:
        raise NoSuchPayment
    return payment.status


def show_orders(session: Session, order_ids: Sequence[UUID]) -> dict[UUID, OrderView]:
    """Return orders by their ids."""
    orders = queries.find_orders(session, order_ids)
    asked = [order.id for order in orders if order.asks_a_gateway]
    latest = {payment.order_id: payment for payment in queries.latest_payments(session, asked)} if asked else {}
    return {order.id: _order(session, order, latest.get(order.id)) for order in orders}


def _order(session: Session, order: Order, payment: Payment | None) -> OrderView:
    currency = order.price.currency
    paid = order.price if order.status in (OrderState.PAID, OrderState.RETURNED) else Money.zero(currency)
    if order.status == OrderState.OPEN:
        paid = ledger.held_for(session, order.purpose, currency)
    return OrderView(
        id=order.id, status=order.status, amount=order.price, amount_paid=paid,
        from_wallet=Money(order.from_wallet, currency), deadline=order.deadline,
        payment=_payment(payment) if payment else None,
    )  # fmt: skip


def _payment(payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id, status=payment.status, gateway=payment.gateway, amount=payment.asked,
        pay_url=payment.pay_url if payment.status in LIVE else None, expires_at=payment.expires_at,
        purpose=payment.purpose, order_id=payment.order_id,
    )  # fmt: skip
