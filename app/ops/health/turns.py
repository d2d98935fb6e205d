"""A check turns: it was well and is not, or the other way round. Told once, however many look at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.ops import queries
from app.ops.health.looking import Report
from app.ops.health.verdicts import Check, made
from app.ops.models import HealthCheck
from app.ops.states import HealthStatus


@dataclass(frozen=True)
class Turn:
    """A check that stands otherwise than at the last look."""

    name: str
    was: HealthStatus
    check: Check


def record_turns(session: Session, report: Report, *, away_since: datetime | None = None) -> list[Turn]:
    """Keep how everything stands, and return what has turned. The database must have been asked.

    The rows are locked, so of two that have seen the same only the first tells it; and a look that began before the
    last one that was kept is worth nothing, so who was slow cannot turn back what a later one has seen.
    `away_since`: since when the caller had no answer from the database, which can tell of that only afterwards.
    """
    assert report.looked_at is not None  # noqa: S101 - the caller has asked it, as is said above
    stood = {row.name: row for row in queries.lock_checks(session, report.checks, report.looked_at)}
    turns = [*_database_was_away(stood, away_since)]
    for name in report.asked:
        row, check = stood[name], report.checks[name]
        if row.looked_at >= report.looked_at:
            continue
        row.looked_at = report.looked_at
        if row.verdict != check.status:
            turns.append(Turn(name, HealthStatus(row.verdict), check))
            row.verdict, row.since = check.status, report.looked_at
    return turns


def _database_was_away(stood: Mapping[str, HealthCheck], since: datetime | None) -> Iterator[Turn]:
    """Turn it to what nobody could write; unless somebody else has told of that absence since."""
    row = stood["database"]
    if since is not None and row.since < since and row.verdict != HealthStatus.UNHEALTHY:
        check = made("database", HealthStatus.UNHEALTHY, "did not answer for a while", 0)
        yield Turn("database", HealthStatus(row.verdict), check)
        row.verdict = check.status
