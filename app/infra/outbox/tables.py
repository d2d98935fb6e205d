"""event, delivery, delivery_attempt, relay_sleep: the tables of reliable work."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Identity, Index, Table, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Base
from app.infra.outbox.states import DeliveryState

_STATES = ", ".join(f"'{state}'" for state in DeliveryState)


class StoredEvent(Base):
    """A fact. Append-only: the runtime role may only insert and select."""

    __tablename__ = "event"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    correlation_id: Mapped[str]
    reactions: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Delivery(Base):
    """One task that an event causes. All its times are the database's own."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        Index("ix_delivery_due", "queue", "seq", postgresql_where=text("state IN ('pending', 'retry')")),
        Index("ix_delivery_in_flight", "queue", postgresql_where=text("state IN ('published', 'running')")),
        Index(
            "ix_delivery_order",
            "ordering_key",
            "seq",
            postgresql_where=text("ordering_key IS NOT NULL AND state IN ('pending', 'published', 'running', 'retry')"),
        ),
        Index(
            "uq_delivery_one_running_in_order",
            "ordering_key",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_delivery_dead", "seq", postgresql_where=text("state = 'dead'")),
        Index("ix_delivery_event_id", "event_id"),
        Index("ix_delivery_canary", "queue", "seq", postgresql_where=text("task = 'tasks.maintenance.answer_canary'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Identity(always=True))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    task: Mapped[str]
    queue: Mapped[str]
    ordering_key: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=DeliveryState.PENDING)
    tries: Mapped[int]
    cap_seconds: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default="0")
    attempts_left: Mapped[int]
    rescues: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    available_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    worker: Mapped[str | None]
    discard_reason: Mapped[str | None]
    discarded_by: Mapped[UUID | None]


#: One row: whether a relay sleeps and wants to be woken by whoever records work.
relay_sleep = Table("relay_sleep", Base.metadata, Column("sleeping", Boolean, nullable=False))


class DeliveryAttempt(Base):
    """How one attempt ended. Append-only."""

    __tablename__ = "delivery_attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("delivery.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    worker: Mapped[str]
    outcome: Mapped[str]
    error: Mapped[str | None]
    traceback: Mapped[str | None]
