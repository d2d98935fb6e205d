"""Business time: slots, deadlines and windows are measured on it. In demo and test it can be moved forward."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, CheckConstraint, Column, Table, text
from sqlalchemy.orm import Session

from app.infra.config import settings
from app.infra.db import Base
from app.kernel.clock import wall_now

#: One row, moved forward only; in production nobody reads it.
business_clock = Table(
    "business_clock",
    Base.metadata,
    Column("offset_seconds", BigInteger, nullable=False),
    CheckConstraint("offset_seconds >= 0", name="offset_seconds"),
)


def business_now(session: Session) -> datetime:
    """Return the business instant (UTC) of this transaction; it stands still until the transaction ends."""
    if "business_now" not in session.info:
        session.info["business_now"] = wall_now() + _offset(session)
    now: datetime = session.info["business_now"]
    return now


def advance(session: Session, seconds: int) -> datetime:
    """Move business time forward (demo and test only) and return the new instant, UTC."""
    session.execute(text("UPDATE business_clock SET offset_seconds = offset_seconds + :s"), {"s": seconds})
    session.info.pop("business_now", None)
    return business_now(session)


def _offset(session: Session) -> timedelta:
    """Return how far business time is ahead of wall time; in production it never is."""
    if settings().is_production:
        return timedelta()
    return timedelta(seconds=session.scalar(text("SELECT offset_seconds FROM business_clock")) or 0)
