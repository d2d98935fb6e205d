"""payout_destination, payout, payout_attempt, payout_ping."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from app.infra.db import Base
from app.kernel.money import Money
from app.payouts.states import AttemptState, PayoutState

_IS_WALLET = "~ '^[0-9a-f]{24}$'"


def _one_of(states: type[PayoutState | AttemptState]) -> str:
    return f"status IN ({', '.join(repr(str(state)) for state in states)})"


class Destination(Base):
    """Where a mentor's money goes: a wallet of their own at Konnect."""

    __tablename__ = "payout_destination"
    __table_args__ = (CheckConstraint(f"konnect_wallet_id {_IS_WALLET}", name="konnect_wallet_id"),)

    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    konnect_wallet_id: Mapped[str]
    changed_at: Mapped[datetime]


class Payout(Base):
    """Earnings on their way out. Its destination is the one that stood when it was requested.

    `debt`: minor units that the mentor has received and not earned, because a link was paid that had been given up.
    """

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint(_one_of(PayoutState), name="status"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debt >= 0", name="debt"),
        CheckConstraint(f"destination {_IS_WALLET}", name="destination"),
        # The last wall against deciding about one's own money.
        CheckConstraint("decided_by <> mentor_id", name="decided_by"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_at"),
        Index("ix_payout_mentor_id", "mentor_id", "id"),
        Index("ix_payout_status", "status", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    asked: Mapped[Money] = composite(mapped_column("amount"), mapped_column("currency", CHAR(3)))
    destination: Mapped[str]
    status: Mapped[str]
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    debt: Mapped[int] = mapped_column(server_default="0")


class PayoutAttempt(Base):
    """One link to pay a payout at one gateway; its id is the order id that the gateway sees."""

    __tablename__ = "payout_attempt"
    __table_args__ = (
        CheckConstraint(_one_of(AttemptState), name="status"),
        Index(
            "uq_payout_attempt_one_live",
            "payout_id",
            unique=True,
            postgresql_where=text("status IN ('initiating', 'awaiting_payer')"),
        ),
        Index("uq_payout_attempt_gateway_payment_ref", "gateway", "payment_ref", unique=True),
        Index("ix_payout_attempt_payout_id", "payout_id"),
        Index("ix_payout_attempt_next_poll_at", "next_poll_at", postgresql_where=text("next_poll_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payout_id: Mapped[UUID] = mapped_column(ForeignKey("payout.id"))
    gateway: Mapped[str]
    status: Mapped[str]
    create_calls: Mapped[int] = mapped_column(server_default="0")
    payment_ref: Mapped[str | None]
    pay_url: Mapped[str | None]
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]
    polls: Mapped[int] = mapped_column(server_default="0")
    next_poll_at: Mapped[datetime | None]


class PayoutPing(Base):
    """A gateway's hint that waits to be looked at. At most one for each attempt and reference."""

    __tablename__ = "payout_ping"
    __table_args__ = (
        Index(
            "uq_payout_ping_waiting",
            "attempt_id",
            text("coalesce(payment_ref, '')"),
            unique=True,
            postgresql_where=text("taken_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("payout_attempt.id"))
    payment_ref: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    taken_at: Mapped[datetime | None]
