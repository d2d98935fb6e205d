"""booking: one session, from the moment its slot is held."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, composite, mapped_column

from app.booking.states import ACTIVE, BookingState
from app.infra.db import Base
from app.kernel.money import Money

_STATES = ", ".join(f"'{state}'" for state in BookingState)
_IS_ACTIVE = text(f"status IN ({', '.join(repr(str(state)) for state in ACTIVE)})")


class Booking(Base):
    """A session of a learner with a mentor. Title, length, price and fee are frozen when it is booked.

    `problem` is what the learner reported; `reason` what was said last: to report it, to decide it, or to cancel.
    `sequence` counts the changes that calendars are told of; `invited_sequence` is the first that was mailed.
    """

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATES})", name="status"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("learner_id <> mentor_id", name="people"),
        CheckConstraint("sequence >= 0 AND invited_sequence <= sequence", name="sequence"),
        # The last walls against a double booking, whatever the code above them does.
        ExcludeConstraint(("mentor_id", "="), ("during", "&&"), where=_IS_ACTIVE, name="ex_booking_mentor"),
        ExcludeConstraint(("learner_id", "="), ("during", "&&"), where=_IS_ACTIVE, name="ex_booking_learner"),
        Index("uq_booking_order_id", "order_id", unique=True),
        Index("ix_booking_unpaid", "expires_at", postgresql_where=text("status = 'awaiting_payment'")),
        Index("ix_booking_to_end", "status", "ends_at", postgresql_where=text("status IN ('confirmed', 'completed')")),
        Index("ix_booking_mentor_id_starts_at", "mentor_id", "starts_at"),
        Index("ix_booking_learner_id_starts_at", "learner_id", "starts_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("mentor.id"))
    learner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    offering_id: Mapped[UUID] = mapped_column(ForeignKey("offering.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("payment_order.id"))
    title: Mapped[str]
    duration_minutes: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    during: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE, Computed("tstzrange(starts_at, ends_at)", persisted=True)
    )
    status: Mapped[str]
    note: Mapped[str]
    price: Mapped[Money] = composite(mapped_column("amount"), mapped_column("currency", CHAR(3)))
    fee_basis_points: Mapped[int]
    expires_at: Mapped[datetime]
    meeting_url: Mapped[str | None]
    sequence: Mapped[int] = mapped_column(server_default="0")
    invited_sequence: Mapped[int | None]
    cancelled_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None]
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
