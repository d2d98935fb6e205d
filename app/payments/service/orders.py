"""Orders: money asked for something, from the wallet first and from a gateway for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.infra.changes import announce
from app.infra.clock import business_now
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import queries, rules
from app.payments.errors import AmountNotPayable
from app.payments.models import Order
from app.payments.service.attempts import write_attempt
from app.payments.states import ORDER, PAYMENT, OrderState, OrderStep, PaymentState, PaymentStep


@dataclass(frozen=True)
class PlacedOrder:
    """A new order. `is_covered`: the wallet holds all of its price."""

    id: UUID
    is_covered: bool


def place_order(session: Session, payer_id: UUID, price: Money, *, description: str, deadline: datetime) -> PlacedOrder:
    """Ask a payer for money; the caller holds the payer's lock.

    The wallet's part is held at once. When it covers the price the order waits for `pay_order`; otherwise an attempt
    for the rest is opened. Raises AmountNotPayable when no gateway takes the rest, InsufficientFunds when the wallet
    is emptied by somebody else at this moment.
    """
    capabilities = router.gateway_for(price.currency).capabilities
    part = rules.wallet_part(price, ledger.available(session, payer_id, price.currency), capabilities)
    if part < price and not rules.payable(price - part, capabilities):
        raise AmountNotPayable(f"The gateway does not take {price - part}: top up the wallet to pay it from there.")
    order = Order(
        id=new_id(), payer_id=payer_id, price=price, from_wallet=part.minor, description=description,
        status=OrderState.OPEN, deadline=deadline, created_at=business_now(session),
    )  # fmt: skip
    session.add(order)
    session.flush()
    if part:
        ledger.hold_from_wallet(session, payer_id, part, ref=f"hold:{order.id}", purpose=order.purpose)
    if part < price:
        write_attempt(session, order, price - part)
    return PlacedOrder(order.id, is_covered=part == price)


def lock_orders(session: Session, order_ids: Sequence[UUID]) -> None:
    """Lock all orders of whoever goes through several, before the first of them touches the ledger."""
    queries.lock_orders(session, order_ids)


def is_covered(session: Session, order_id: UUID) -> bool:
    """Tell whether what is held for an order covers its price; locks the order."""
    order = queries.lock_order(session, order_id)
    return (
        order.status == OrderState.OPEN and ledger.held_for(session, order.purpose, order.price.currency) >= order.price
    )


def pay_order(session: Session, order_id: UUID, *, ref: str, to: str) -> Money:
    """Spend what is held for an order: its price goes to the account `to` under `ref`; return the price.

    A link that could still be paid is taken back: an attempt whose answer was lost may have paid before the second.
    Raises PostingRefused (holds_too_small) when it is not covered, IllegalTransition when it was paid or returned.
    """
    order = queries.lock_order(session, order_id)
    order.status = ORDER.transition(OrderState(order.status), OrderStep.PAY)
    _cancel_live_attempt(session, order)
    if order.price:
        ledger.capture_holds(session, order.purpose, to, order.price, ref=ref, kind="fund")
    return order.price


def close_order(session: Session, order_id: UUID) -> None:
    """Give an order up: what was held for it is free again. Its attempts live on until the gateway was asked."""
    order = queries.lock_order(session, order_id)
    order.status = ORDER.transition(OrderState(order.status), OrderStep.CLOSE)
    ledger.void_holds(session, order.purpose)


def return_order(session: Session, order_id: UUID) -> None:
    """Note that the money of a paid order went back to the payer's wallet."""
    order = queries.lock_order(session, order_id)
    order.status = ORDER.transition(OrderState(order.status), OrderStep.RETURN)


def hold_late_money(session: Session, order_id: UUID) -> bool:
    """Earmark the whole price of a closed order from the payer's wallet again; False when the wallet lacks it."""
    order = queries.lock_order(session, order_id)
    _cancel_live_attempt(session, order)  # before the ledger's accounts are locked
    if ledger.available(session, order.payer_id, order.price.currency) < order.price:
        return False
    ledger.hold_from_wallet(session, order.payer_id, order.price, ref=f"late:{order.id}", purpose=order.purpose)
    return True


def cancel_attempts(session: Session, order_id: UUID) -> None:
    """End the live attempt of a closed order; it is still looked at for a day, for money can come all the same."""
    _cancel_live_attempt(session, queries.lock_order(session, order_id))


def earmark(session: Session, order: Order, ref: str, amount: Money) -> None:
    """Hold money that has just come for an open order, in the transaction of its capture."""
    ledger.hold(session, accounts.deposit(order.payer_id), amount, ref=f"earmark:{ref}", purpose=order.purpose)


def _cancel_live_attempt(session: Session, order: Order) -> None:
    payment_id = queries.live_payment_id(session, order.id) if order.asks_a_gateway else None
    if payment_id is not None:
        payment = queries.lock_payment(session, payment_id)
        payment.status = PAYMENT.transition(PaymentState(payment.status), PaymentStep.CANCEL)
        announce(session, payment.id)
