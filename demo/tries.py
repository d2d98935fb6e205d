"""How work went: every try of a task, as the database keeps it, and what has not come to its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import psycopg

from demo.database import connect
from demo.failures import Failed
from demo.waiting import Look, Patience

MOST_SHOWN = 5

_TRIES = """
    SELECT a.started_at, a.error
    FROM delivery_attempt AS a
    JOIN delivery AS d ON d.id = a.delivery_id
    JOIN event AS e ON e.id = d.event_id
    WHERE d.task = %s AND %s IN (SELECT value FROM jsonb_each_text(e.payload))
    ORDER BY a.started_at
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
class Try:
    """One attempt at a task: how many seconds after the one before it, and why it failed, if it did."""

    number: int
    later: float
    error: str | None

    @property
    def shown(self) -> str:
        """Return it as a person reads it."""
        when = f", {self.later:.1f} s later" if self.number > 1 else ""
        return f"try {self.number}{when}: {self.error or 'done'}"


def wait_until_done(database_url: str, task: str, about: str, patience: Patience) -> Sequence[Try]:
    """Return every try of a task that an event about some id has caused, once the last went well; raise NotInTime."""

    def look() -> Look[Sequence[Try]]:
        tries = _tries_of(database_url, task, about)
        done = bool(tries) and tries[-1].error is None
        return Look(tries if done else None, "; ".join(one.shown for one in tries) or "no try")

    return patience.until(f"the end of {task}", look)


def _tries_of(database_url: str, task: str, about: str) -> Sequence[Try]:
    with connect(database_url) as connection:
        rows = connection.execute(_TRIES, [task, about]).fetchall()
    starts = [started_at for started_at, _ in rows]
    waits = [0.0, *((after - before).total_seconds() for before, after in pairwise(starts))]
    return [Try(n, wait, error) for n, (wait, (_, error)) in enumerate(zip(waits, rows, strict=False), start=1)]


def tell_unfinished(database_url: str, since: datetime) -> str:
    """Return which tasks of facts since then have not ended, and why, for somebody who looks for a reason."""
    try:
        with connect(database_url) as connection:
            rows = connection.execute(_UNFINISHED, [since, MOST_SHOWN]).fetchall()
    except (psycopg.Error, Failed) as error:
        return f"The database cannot be asked what is unfinished: {error}"
    told = ", ".join(f"{task} ({count} {state}{': ' + error if error else ''})" for task, state, count, error in rows)
    return f"Tasks that have not ended: {told}." if told else "Every task has ended."
