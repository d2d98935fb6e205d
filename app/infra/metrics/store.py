"""The sums of all processes, in Postgres."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, DateTime, Double, String, Table, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.infra.db import Base
from app.infra.metrics.pending import Change, Row

#: `begun_at`: when it last began at zero again, empty for what only grows. Both times are the database's own.
metric = Table(
    "metric",
    Base.metadata,
    Column("name", String, primary_key=True),
    Column("labels", JSONB, primary_key=True),
    Column("value", Double, nullable=False),
    Column("begun_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
)


@dataclass(frozen=True)
class Sample:
    """One number as it stands. `age`: seconds since it changed; `begun`: since it began anew, None if it never did."""

    name: str
    labels: Mapping[str, str]
    value: float
    age: float
    begun: float | None


# In order: of two processes that write the same rows, one waits for the other, and never each for each.
_WRITE = text("""
    INSERT INTO metric AS m (name, labels, value, begun_at)
    SELECT c.name, CAST(c.labels AS jsonb), c.amount, CASE WHEN c.anew THEN clock_timestamp() END
    FROM unnest(
        CAST(:names AS text[]), CAST(:labels AS text[]), CAST(:amounts AS float8[]), CAST(:anew AS boolean[])
    ) AS c (name, labels, amount, anew)
    ORDER BY c.name, CAST(c.labels AS jsonb)
    ON CONFLICT (name, labels) DO UPDATE
    SET value = excluded.value + CASE WHEN excluded.begun_at IS NULL THEN m.value ELSE 0 END,
        begun_at = coalesce(excluded.begun_at, m.begun_at), changed_at = excluded.changed_at
""")

_READ = select(
    metric.c.name,
    metric.c.labels,
    metric.c.value,
    func.extract("epoch", func.clock_timestamp() - metric.c.changed_at),
    func.extract("epoch", func.clock_timestamp() - metric.c.begun_at),
).order_by(metric.c.name, metric.c.labels)


def write(session: Session, changes: Mapping[Row, Change]) -> None:
    """Add changes to what all processes have counted."""
    if not changes:
        return
    parameters = {
        "names": [row.name for row in changes],
        "labels": [json.dumps(dict(row.labels)) for row in changes],
        "amounts": [float(change.amount) for change in changes.values()],
        "anew": [change.anew for change in changes.values()],
    }
    session.execute(_WRITE, parameters)


def read(session: Session, *names: str) -> list[Sample]:
    """Return the numbers of these names, or all there are: some hundreds, whatever the system has done."""
    rows = session.execute(_READ.where(metric.c.name.in_(names)) if names else _READ)
    return [
        Sample(name, labels, value, float(age), None if begun is None else float(begun))
        for name, labels, value, age, begun in rows
    ]
