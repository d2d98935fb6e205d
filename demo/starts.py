"""How fast work starts, measured where it is written down: in the database, with the rights of the running system."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from demo.failures import Failed

CONNECT_SECONDS = 5
MOST_SHOWN = 5

# The fact is written inside its transaction, so the time until its commit is counted too: an upper bound. Second
# attempts are left out: they wait on purpose.
_DELAYS = """
    SELECT count(*),
        1000 * extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY d.started_at - e.recorded_at)),
        1000 * extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY d.started_at - e.recorded_at))
    FROM delivery AS d JOIN event AS e ON e.id = d.event_id
    WHERE e.recorded_at >= %s AND d.started_at IS NOT NULL AND d.attempts = 1
"""

_UNFINISHED = """
    SELECT d.task, d.state, count(*), max(a.error)
    FROM delivery AS d
    JOIN event AS e ON e.id = d.event_id
    LEFT JOIN delivery_attempt AS a ON a.delivery_id = d.id AND a.n = d.attempts
    WHERE e.recorded_at >= %s AND d.state NOT IN ('done', 'discarded')
    GROUP BY d.task, d.state ORDER BY count(*) DESC, d.task LIMIT %s
"""


@dataclass(frozen=True)
class Delays:
    """Milliseconds from the fact to the start of a task that reacts to it, over so many tasks."""

    count: int
    p50: float
    p95: float


def measure_delays(database_url: str, since: datetime) -> Delays:
    """Measure the tasks whose facts were recorded since then; raise Failed when there are none."""
    with _connect(database_url) as connection:
        count, p50, p95 = connection.execute(_DELAYS, [since]).fetchone() or (0, None, None)
    if not count:
        raise Failed(f"The database tells of no task that started since {since:%H:%M:%S} UTC: nothing can be measured.")
    return Delays(count, float(p50), float(p95))


def database_now(database_url: str) -> datetime:
    """Return the database's own time, which events and deliveries are stamped with."""
    with _connect(database_url) as connection:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    if not isinstance(now, datetime):
        raise Failed("The database does not know what time it is.")
    return now


def seconds_since_postgres_started(database_url: str) -> float:
    """Return for how many seconds the server has run."""
    with _connect(database_url) as connection:
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())").fetchone()
    return float(row[0]) if row else 0.0


def tell_unfinished(database_url: str, since: datetime) -> str:
    """Return which tasks of facts since then have not ended, and why, for somebody who looks for a reason."""
    try:
        with _connect(database_url) as connection:
            rows = connection.execute(_UNFINISHED, [since, MOST_SHOWN]).fetchall()
    except (psycopg.Error, Failed) as error:
        return f"The database cannot be asked what is unfinished: {error}"
    told = ", ".join(f"{task} ({count} {state}{': ' + error if error else ''})" for task, state, count, error in rows)
    return f"Tasks that have not ended: {told}." if told else "Every task has ended."


def _connect(database_url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise Failed(f"The database cannot be reached: {str(error).splitlines()[0]}") from error
