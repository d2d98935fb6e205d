"""Every SELECT and every lock of payments. Locks are taken in the one order: order, then attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.infra import outbox
from app.kernel.ids import new_id
from app.payments.events import PollDue
from app.payments.models import Order, Payment, WebhookPing
from app.payments.states import LIVE

_LOCK_ORDER = select(Order).where(Order.id == bindparam("id")).with_for_update()
_LOCK_ORDER = _LOCK_ORDER.execution_options(populate_existing=True)
_ORDERS = select(Order).where(Order.id.in_(bindparam("order_ids", expanding=True)))
_LIVE_PAYMENT_ID = select(Payment.id).where(Payment.order_id == bindparam("order_id"), Payment.status.in_(LIVE))

# As text: a storm of pings is what the API must be quickest at, and the ORM doubles what these two cost.
FIND_PINGED = text("SELECT id, gateway, status, payment_ref, create_calls FROM payment WHERE id = :id")
WRITE_PING = text("""
    INSERT INTO webhook_ping (id, payment_id, payment_ref) VALUES (:id, :payment_id, :payment_ref)
    ON CONFLICT DO NOTHING RETURNING id
""")


@dataclass(frozen=True)
class PingedPayment:
    """What must be known of an attempt to tell whether a ping of it matters."""

    id: UUID
    gateway: str
    status: str
    payment_ref: str | None
    create_calls: int


def lock_order(session: Session, order_id: UUID) -> Order:
    """Lock an order, before any of its attempts, and return it as it stands now."""
    return session.scalars(_LOCK_ORDER, {"id": order_id}).one()


def lock_orders(session: Session, order_ids: Sequence[UUID]) -> None:
    """Lock orders, always in the same order."""
    session.execute(select(Order.id).where(Order.id.in_(order_ids)).order_by(Order.id).with_for_update())


def lock_payment(session: Session, payment_id: UUID) -> Payment:
    """Lock an attempt and return it as it stands now; its order, if any, must be locked before."""
    query = select(Payment).where(Payment.id == payment_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()


def lock_with_order(session: Session, payment_id: UUID) -> tuple[Order | None, Payment]:
    """Lock an attempt, its order before it, and return both; a top-up has no order."""
    order_id = session.scalars(select(Payment.order_id).where(Payment.id == payment_id)).one()
    order = lock_order(session, order_id) if order_id else None
    return order, lock_payment(session, payment_id)


def find_payment(session: Session, payment_id: UUID) -> Payment | None:
    """Return an attempt without locking it."""
    return session.get(Payment, payment_id)


def find_pinged(session: Session, payment_id: UUID) -> PingedPayment | None:
    """Return the attempt that a ping is about, without locking it."""
    row = session.execute(FIND_PINGED, {"id": payment_id}).one_or_none()
    return PingedPayment(*row) if row else None


def find_orders(session: Session, order_ids: Sequence[UUID]) -> Sequence[Order]:
    """Return orders without locking them."""
    return session.scalars(_ORDERS, {"order_ids": order_ids}).all()


def latest_payments(session: Session, order_ids: Sequence[UUID]) -> Sequence[Payment]:
    """Return the latest attempt of each order that has one."""
    query = (
        select(Payment)
        .where(Payment.order_id.in_(order_ids))
        .ext(distinct_on(Payment.order_id))
        .order_by(Payment.order_id, Payment.id.desc())
    )
    return session.scalars(query).all()


def live_payment_id(session: Session, order_id: UUID) -> UUID | None:
    """Return the id of the order's live attempt."""
    return session.scalar(_LIVE_PAYMENT_ID, {"order_id": order_id})


def lock_due_polls(session: Session, now: datetime, limit: int) -> Sequence[Payment]:
    """Lock attempts whose next look is due; SKIP LOCKED, so that any number of sweeps share the work.

    One that somebody is on the way to look at already is due when that is done: while workers or the gateway are away
    for hours, looks do not pile up.
    """
    query = (
        select(Payment)
        .where(Payment.next_poll_at <= now, ~outbox.is_on_its_way(PollDue, Payment.id.expression))
        .order_by(Payment.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def write_ping(session: Session, payment_id: UUID, payment_ref: str | None) -> UUID | None:
    """Write a ping and return its id; None when the same one already waits, which costs no row."""
    parameters = {"id": new_id(), "payment_id": payment_id, "payment_ref": payment_ref}
    return session.execute(WRITE_PING, parameters).scalar()


def count_waiting_pings(session: Session, payment_id: UUID) -> int:
    """Return how many pings of an attempt wait to be looked at."""
    query = select(func.count()).where(WebhookPing.payment_id == payment_id, WebhookPing.taken_at.is_(None))
    return session.execute(query).scalar_one()


def take_ping(session: Session, ping_id: UUID) -> str | None:
    """Mark a ping as looked at and return the reference that it named."""
    statement = (
        update(WebhookPing)
        .where(WebhookPing.id == ping_id)
        .values(taken_at=func.now())
        .returning(WebhookPing.payment_ref)
    )
    return session.execute(statement).scalar()
