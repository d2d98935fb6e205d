"""mentor, offering, availability_rule. Money in minor units, times of day in minutes since local midnight."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, composite, mapped_column

from app.infra.db import Base
from app.kernel.money import Money


class Mentor(Base):
    """A user who offers sessions, under the user's own id. `timezone` is that of the weekly hours."""

    __tablename__ = "mentor"
    __table_args__ = (
        CheckConstraint("char_length(headline) BETWEEN 1 AND 160", name="headline"),
        CheckConstraint("char_length(bio) <= 5000", name="bio"),
        CheckConstraint("cardinality(skills) <= 20", name="skills"),
        CheckConstraint("char_length(timezone) BETWEEN 1 AND 64", name="timezone"),
        CheckConstraint("buffer_minutes BETWEEN 0 AND 480", name="buffer_minutes"),
        CheckConstraint("min_notice_minutes BETWEEN 0 AND horizon_days * 1440", name="min_notice_minutes"),
        CheckConstraint("horizon_days BETWEEN 1 AND 365", name="horizon_days"),
        Index("ix_mentor_skills", "skills", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    headline: Mapped[str]
    bio: Mapped[str]
    skills: Mapped[list[str]] = mapped_column(ARRAY(String))
    timezone: Mapped[str]
    accepting_bookings: Mapped[bool]
    buffer_minutes: Mapped[int]
    min_notice_minutes: Mapped[int]
    horizon_days: Mapped[int]
    created_at: Mapped[datetime]


class Offering(Base):
    """A kind of session with its length and price. Retired ones stay for the bookings that name them."""

    __tablename__ = "offering"
    __table_args__ = (
        CheckConstraint("char_length(title) BETWEEN 1 AND 120", name="title"),
        CheckConstraint("char_length(description) <= 4000", name="description"),
        CheckConstraint("duration_minutes BETWEEN 5 AND 480", name="duration_minutes"),
        CheckConstraint("price_minor BETWEEN 0 AND 1000000000000", name="price_minor"),
        CheckConstraint("price_currency ~ '^[A-Z]{3}$'", name="price_currency"),
        Index("ix_offering_active", "mentor_id", "id", postgresql_where=text("active")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("mentor.id"))
    title: Mapped[str]
    description: Mapped[str]
    duration_minutes: Mapped[int]
    price: Mapped[Money] = composite(mapped_column("price_minor"), mapped_column("price_currency"))
    active: Mapped[bool]
    created_at: Mapped[datetime]


class AvailabilityRule(Base):
    """Open on one weekday (Monday is 0) in local minutes. That no two overlap is checked under the mentor's lock."""

    __tablename__ = "availability_rule"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440", name="minutes"),
    )

    mentor_id: Mapped[UUID] = mapped_column(ForeignKey("mentor.id"), primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True)
    start_minute: Mapped[int] = mapped_column(primary_key=True)
    end_minute: Mapped[int]
