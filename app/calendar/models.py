"""calendar_connection, calendar_consent. All instants are wall time, UTC; tokens are encrypted."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.calendar.states import ConnectionState
from app.infra.db import Base

_STATES = ", ".join(f"'{state}'" for state in ConnectionState)


class Connection(Base):
    """A user's Google account. `grant_id` is new with each consent: what was learnt of an old one changes nothing."""

    __tablename__ = "calendar_connection"
    __table_args__ = (
        CheckConstraint(f"status IN ({_STATES})", name="status"),
        CheckConstraint("char_length(google_sub) BETWEEN 1 AND 255", name="google_sub"),
        CheckConstraint("char_length(email) <= 254", name="email"),
        CheckConstraint("(status = 'connected') = (refresh_token IS NOT NULL)", name="grant"),
        CheckConstraint("(access_token IS NULL) = (access_expires_at IS NULL)", name="access"),
        Index("uq_calendar_connection_google_sub", "google_sub", unique=True),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    google_sub: Mapped[str]
    email: Mapped[str]
    status: Mapped[str]
    grant_id: Mapped[UUID]
    refresh_token: Mapped[bytes | None]
    access_token: Mapped[bytes | None]
    access_expires_at: Mapped[datetime | None]
    renewing_until: Mapped[datetime | None]
    connected_at: Mapped[datetime]


class Consent(Base):
    """A consent under way, known by the keyed hash of its state. Deleted by whoever finishes it."""

    __tablename__ = "calendar_consent"
    __table_args__ = (
        CheckConstraint("octet_length(state_hash) = 32", name="state_hash"),
        CheckConstraint("char_length(return_to) <= 2000", name="return_to"),
        Index("ix_calendar_consent_expires_at", "expires_at"),
    )

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    verifier: Mapped[bytes]
    return_to: Mapped[str | None]
    expires_at: Mapped[datetime]
