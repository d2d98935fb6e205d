"""escrow: one row for each booking that was paid for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, composite, mapped_column

from app.escrow.states import EscrowState
from app.infra.db import Base
from app.kernel.money import Money

_STATES = ", ".join(f"'{state}'" for state in EscrowState)


class Escrow(Base):
    """What was paid for a booking. Its key is the booking's, which is in another room above: no foreign key."""

    __tablename__ = "escrow"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATES})", name="status"),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_escrow_held", "currency", "amount", postgresql_where=text("status IN ('funded', 'frozen')")),
    )

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("payment_order.id"))
    payer_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    paid: Mapped[Money] = composite(mapped_column("amount"), mapped_column("currency", CHAR(3)))
    fee_basis_points: Mapped[int]
    status: Mapped[str]
    funded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
