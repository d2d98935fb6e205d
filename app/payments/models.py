"""payment_order, payment, webhook_ping."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from app.infra.db import Base
from app.kernel.money import Money
from app.payments.states import OrderState, PaymentState


def _one_of(states: type[OrderState | PaymentState]) -> str:
    return f"status IN ({', '.join(repr(str(state)) for state in states)})"


class Order(Base):
    """Money asked of a payer for something. What is held for it in the ledger carries its purpose."""

    __tablename__ = "payment_order"
    __table_args__ = (
        CheckConstraint(_one_of(OrderState), name="status"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("from_wallet BETWEEN 0 AND amount", name="from_wallet"),
        Index("ix_payment_order_payer_id", "payer_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    price: Mapped[Money] = composite(mapped_column("amount"), mapped_column("currency", CHAR(3)))
    from_wallet: Mapped[int]
    description: Mapped[str]
    status: Mapped[str]
    deadline: Mapped[datetime]
    created_at: Mapped[datetime]

    @property
    def purpose(self) -> str:
        """Return the purpose under which the ledger holds money for this order."""
        return f"order:{self.id}"

    @property
    def asks_a_gateway(self) -> bool:
        """Tell whether the wallet left something to pay: else there never was an attempt, and never will be."""
        return self.from_wallet < self.price.minor


class Payment(Base):
    """One attempt to pay at one gateway; its id is the order id that the gateway sees."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint(_one_of(PaymentState), name="status"),
        CheckConstraint("purpose IN ('order', 'top_up')", name="purpose"),
        CheckConstraint("(purpose = 'order') = (order_id IS NOT NULL)", name="order_id"),
        CheckConstraint("amount > 0 AND captured >= 0", name="amount"),
        Index(
            "uq_payment_one_live",
            "order_id",
            unique=True,
            postgresql_where=text("status IN ('initiating', 'awaiting_payer')"),
        ),
        Index("uq_payment_gateway_payment_ref", "gateway", "payment_ref", unique=True),
        Index("ix_payment_order_id", "order_id"),
        Index("ix_payment_next_poll_at", "next_poll_at", postgresql_where=text("next_poll_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment_order.id"))
    payer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str]
    gateway: Mapped[str]
    asked: Mapped[Money] = composite(mapped_column("amount"), mapped_column("currency", CHAR(3)))
    captured: Mapped[int] = mapped_column(server_default="0")
    description: Mapped[str]
    status: Mapped[str]
    create_calls: Mapped[int] = mapped_column(server_default="0")
    payment_ref: Mapped[str | None]
    pay_url: Mapped[str | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    polls: Mapped[int] = mapped_column(server_default="0")
    next_poll_at: Mapped[datetime | None]


class WebhookPing(Base):
    """A gateway's hint that waits to be looked at. At most one for each attempt and reference."""

    __tablename__ = "webhook_ping"
    __table_args__ = (
        Index(
            "uq_webhook_ping_waiting",
            "payment_id",
            text("coalesce(payment_ref, '')"),
            unique=True,
            postgresql_where=text("taken_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payment.id"))
    payment_ref: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    taken_at: Mapped[datetime | None]
