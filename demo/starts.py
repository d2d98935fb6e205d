"""How fast work starts, measured where it is written down: in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from demo.database import connect
from demo.failures import Failed

# The fact is written inside its transaction, so the time until its commit is counted too: an upper bound. Second
# attempts are left out: they wait on purpose. So is what waits its turn behind other work on the same
# thing, and so are canaries, which are no part of the story.
_DELAYS = """
    SELECT count(*),
        1000 * extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY d.started_at - e.recorded_at)),
        1000 * extract(epoch FROM percentile_cont(0.95) WITHIN GROUP (ORDER BY d.started_at - e.recorded_at))
    FROM delivery AS d JOIN event AS e ON e.id = d.event_id
    WHERE e.recorded_at >= %s AND d.started_at IS NOT NULL AND d.attempts = 1 AND e.type <> 'CanarySent'
        AND NOT EXISTS (
            SELECT FROM delivery AS before
            WHERE before.ordering_key = d.ordering_key AND before.seq < d.seq
                AND coalesce(before.finished_at, 'infinity') > e.recorded_at)
"""


@dataclass(frozen=True)
class Delays:
    """Milliseconds from the fact to the start of a task that reacts to it, over so many tasks."""

    count: int
    p50: float
    p95: float


def measure_delays(database_url: str, since: datetime) -> Delays:
    """Measure the tasks whose facts were recorded since then; raise Failed when there are none."""
    with connect(database_url) as connection:
        count, p50, p95 = connection.execute(_DELAYS, [since]).fetchone() or (0, None, None)
    if not count:
        raise Failed(f"The database tells of no task that started since {since:%H:%M:%S} UTC: nothing can be measured.")
    return Delays(count, float(p50), float(p95))
