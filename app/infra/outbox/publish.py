"""The relay's side: which deliveries go to the broker now, and which must be sent again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra import metrics
from app.infra.config import settings
from app.infra.outbox import canaries
from app.infra.outbox.claim import report_death

#: How often the patience with a published delivery doubles.
DOUBLINGS = 4


@dataclass(frozen=True)
class Outgoing:
    """What the relay puts into the broker: the id, under the task's real name."""

    id: UUID
    task: str
    queue: str


# Per queue only so many as the window leaves free: a flushed broker loses little, and waiting stays in Postgres
# where it can be seen. In order means: under the same key nothing is older and unfinished, and nothing is on its way;
# the latter is not the same, because what was replayed may be older than what is on its way already. What is tried
# again was started meanwhile, however often it had been rescued before.
_TAKE_DUE = text("""
    WITH free AS (
        SELECT q.queue, :window - count(d.id) AS places
        FROM (SELECT DISTINCT queue FROM delivery WHERE state IN ('pending', 'retry')) AS q
        LEFT JOIN delivery AS d ON d.queue = q.queue AND d.state IN ('published', 'running')
        GROUP BY q.queue
    ), due AS (
        SELECT picked.id FROM free, LATERAL (
            SELECT d.id FROM delivery AS d
            WHERE d.queue = free.queue AND d.state IN ('pending', 'retry') AND d.available_at <= now()
              AND (d.ordering_key IS NULL OR NOT EXISTS (
                    SELECT 1 FROM delivery AS other
                    WHERE other.ordering_key = d.ordering_key AND other.id <> d.id
                      AND other.state IN ('pending', 'published', 'running', 'retry')
                      AND (other.seq < d.seq OR other.state IN ('published', 'running'))))
            ORDER BY d.seq LIMIT greatest(free.places, 0) FOR UPDATE SKIP LOCKED
        ) AS picked
    )
    UPDATE delivery AS d
    SET state = 'published', published_at = now(), rescues = CASE d.state WHEN 'retry' THEN 0 ELSE d.rescues END
    FROM due WHERE d.id = due.id
    RETURNING d.id, d.task, d.queue
""")

_ORIGINS = text("""
    SELECT e.correlation_id, e.id FROM delivery AS d JOIN event AS e ON e.id = d.event_id WHERE d.id = ANY(:ids)
""")

_WITHDRAW = text("""
    UPDATE delivery SET state = 'pending' WHERE id = ANY(:ids) AND state = 'published'
""")

# The broker lost it, or a relay died before it was sent, or its queue is long: the last must not be mistaken for the
# first for ever, so each time it is waited twice as long. A second message is dropped by the claim. Of canaries there
# are few, and health judges by them: they go out again each time.
_RESCUE_PUBLISHED = text("""
    WITH silent AS (
        SELECT id FROM delivery
        WHERE state = 'published'
            AND published_at < now() - make_interval(
                secs => :patience * 2 ^ CASE task WHEN :canary THEN 0 ELSE least(rescues, :doublings) END)
        FOR UPDATE SKIP LOCKED
    )
    UPDATE delivery AS d SET state = 'pending', rescues = rescues + 1 FROM silent WHERE d.id = silent.id
    RETURNING d.id
""")

_RESCUE_RUNNING = text("""
    WITH lost AS (
        SELECT id FROM delivery WHERE state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED
    ), freed AS (
        UPDATE delivery AS d
        SET state = CASE WHEN attempts_left <= 0 THEN 'dead' ELSE 'retry' END, lease_until = NULL,
            available_at = now(), finished_at = CASE WHEN attempts_left <= 0 THEN clock_timestamp() END
        FROM lost, event AS e WHERE d.id = lost.id AND e.id = d.event_id
        RETURNING d.id, d.task, d.state, d.attempts, d.started_at, d.worker, e.type
    ), kept AS (
        INSERT INTO delivery_attempt (delivery_id, n, started_at, ended_at, worker, outcome, error)
        SELECT id, attempts, started_at, now(), worker, 'lost', 'The lease ran out: the worker died or hung.' FROM freed
    )
    SELECT id, task, state, type FROM freed
""")


def take_due(session: Session) -> list[Outgoing]:
    """Mark what is due as published and return it; the caller commits first and talks to the broker afterwards."""
    return [Outgoing(*row) for row in session.execute(_TAKE_DUE, {"window": settings().relay_window})]


def origins(session: Session, ids: list[UUID]) -> list[tuple[str, UUID]]:
    """Return the correlation id and the id of the event of each delivery: what its trace follows from."""
    return [(correlation_id, event_id) for correlation_id, event_id in session.execute(_ORIGINS, {"ids": ids})]


def withdraw(session: Session, ids: list[UUID]) -> None:
    """Take back what the broker did not accept. It has waited since it was due, and the relay's lag tells so."""
    session.execute(_WITHDRAW, {"ids": ids})


def rescue(session: Session) -> int:
    """Free what was published but never started, and what lost its lease; return how many. Any number may run."""
    patience = {"patience": settings().published_patience_seconds, "doublings": DOUBLINGS, "canary": canaries.TASK}
    silent = session.execute(_RESCUE_PUBLISHED, patience).all()
    lost = session.execute(_RESCUE_RUNNING).all()
    for delivery_id, task, state, event_type in lost:
        metrics.DELIVERIES.add(task, "lost")
        if state == "dead":
            report_death(session, delivery_id, event_type)
    return len(silent) + len(lost)


def sleep(session: Session) -> bool:
    """Say that a relay is about to sleep: from now on a commit with new work wakes it. False when that was said."""
    said = text("UPDATE relay_sleep SET sleeping = true WHERE NOT sleeping RETURNING true")
    return session.execute(said).scalar() is not None


def wake(session: Session) -> None:
    """Say that a relay is at work: nobody needs to wake it."""
    session.execute(text("UPDATE relay_sleep SET sleeping = false WHERE sleeping"))
