"""How the checks of health stood at the last look."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.ops.models import HealthCheck
from app.ops.states import HealthStatus

_NEVER = datetime.min.replace(tzinfo=UTC)


def lock_checks(session: Session, names: Collection[str], now: datetime) -> Sequence[HealthCheck]:
    """Lock how the checks of these names stood, in the order of their names; one that is new stood well."""
    new = [{"name": name, "verdict": HealthStatus.HEALTHY, "since": now, "looked_at": _NEVER} for name in sorted(names)]
    session.execute(insert(HealthCheck).values(new).on_conflict_do_nothing())
    query = select(HealthCheck).where(HealthCheck.name.in_(names)).order_by(HealthCheck.name).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).all()
