"""health_check."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db import Base
from app.ops.states import HealthStatus

_STATUSES = ", ".join(f"'{status}'" for status in HealthStatus)


class HealthCheck(Base):
    """How a check stood at the last look. Both times are the database's own."""

    __tablename__ = "health_check"
    __table_args__ = (CheckConstraint(f"verdict IN ({_STATUSES})", name="verdict"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    since: Mapped[datetime]
    looked_at: Mapped[datetime]
