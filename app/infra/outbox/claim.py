"""The worker's side: claim a delivery, and record how it ended under the fence it was claimed with."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra import failures
from app.infra.config import settings
from app.infra.outbox.events import DeliveryDied
from app.infra.outbox.reactions import event_class
from app.infra.outbox.record import record
from app.kernel.errors import PermanentFailure, TransientFailure
from app.kernel.events import Event

#: Longest traceback that is kept, in characters: its end says most.
TRACEBACK_LIMIT = 20_000

#: Longest error that is kept, in characters.
ERROR_LIMIT = 1_000

_NO_ERROR = MappingProxyType({"error": None, "traceback": None})


class FenceLost(RuntimeError):
    """The lease ran out and somebody else took the delivery: this outcome must not count."""


@dataclass(frozen=True)
class Claimed:
    """A delivery that this worker holds until its lease runs out."""

    id: UUID
    event_id: UUID
    fence: int
    attempt: int
    attempts_left: int
    cap_seconds: int
    event_type: str
    payload: dict[str, Any]
    correlation_id: str

    def event(self) -> Event:
        """Return the fact that caused the delivery."""
        return event_class(self.event_type).from_payload(self.payload)


# SKIP LOCKED: a second copy of the message must not wait while the first is at work, it is simply dropped.
# The attempt is counted here, before the work, so that work which kills its worker is bounded too.
_CLAIM = text("""
    WITH mine AS (
        SELECT id FROM delivery AS d WHERE id = :id AND state = 'published' AND NOT EXISTS (
            SELECT 1 FROM delivery AS other WHERE other.ordering_key = d.ordering_key AND other.state = 'running')
        FOR UPDATE SKIP LOCKED
    )
    UPDATE delivery AS d
    SET state = 'running', attempts = attempts + 1, attempts_left = attempts_left - 1, fence = fence + 1,
        lease_until = now() + make_interval(secs => :lease), started_at = clock_timestamp(), worker = :worker
    FROM mine, event AS e
    WHERE d.id = mine.id AND e.id = d.event_id
    RETURNING d.id, d.event_id, d.fence, d.attempts, d.attempts_left, d.cap_seconds, e.type, e.payload, e.correlation_id
""")

_END = text("""
    WITH ended AS (
        UPDATE delivery
        SET state = :state, lease_until = NULL, available_at = now() + make_interval(secs => :delay),
            finished_at = CASE WHEN :final THEN clock_timestamp() END
        WHERE id = :id AND fence = :fence AND state = 'running'
        RETURNING id, attempts, started_at, worker
    )
    INSERT INTO delivery_attempt (delivery_id, n, started_at, ended_at, worker, outcome, error, traceback)
    SELECT id, attempts, started_at, clock_timestamp(), worker, :state, :error, :traceback FROM ended
    RETURNING n
""")


_LOSE = text("""
    WITH lost AS (
        SELECT id, state FROM delivery
        WHERE id = :id AND state IN ('published', 'running') FOR UPDATE SKIP LOCKED
    ), counted AS (
        -- Where claim and work were one transaction the attempt was rolled back with it: count it now.
        UPDATE delivery AS d
        SET attempts = attempts + uncounted, attempts_left = attempts_left - uncounted,
            state = CASE WHEN attempts_left - uncounted <= 0 THEN 'dead' ELSE 'retry' END, lease_until = NULL,
            available_at = now() + make_interval(secs => :delay), started_at = coalesce(started_at, published_at),
            finished_at = CASE WHEN attempts_left - uncounted <= 0 THEN clock_timestamp() END
        FROM (SELECT id, (state = 'published')::int AS uncounted FROM lost) AS l, event AS e
        WHERE d.id = l.id AND e.id = d.event_id
        RETURNING d.id, d.state, d.attempts, d.started_at, e.type
    ), kept AS (
        INSERT INTO delivery_attempt (delivery_id, n, started_at, ended_at, worker, outcome, error)
        SELECT id, attempts, started_at, clock_timestamp(), :worker, 'lost', :error FROM counted
    )
    SELECT state, type FROM counted
""")


def claim(session: Session, delivery_id: UUID, worker: str) -> Claimed | None:
    """Take the delivery; None when it cannot be taken: done, running elsewhere, not its turn, or a stale message."""
    row = session.execute(
        _CLAIM, {"id": delivery_id, "lease": settings().lease_seconds, "worker": worker}
    ).one_or_none()
    return Claimed(*row) if row else None


def finish(session: Session, claimed: Claimed) -> None:
    """Record success; raise FenceLost when the delivery is no longer ours."""
    _end(session, claimed, "done")


def fail(session: Session, claimed: Claimed, error: BaseException) -> float | None:
    """Record failure: return the seconds until the next try, or None when the delivery is dead."""
    why = {"error": failures.tell(error)[:ERROR_LIMIT], "traceback": failures.trace(error)[-TRACEBACK_LIMIT:]}
    if isinstance(error, PermanentFailure) or claimed.attempts_left <= 0:
        _end(session, claimed, "dead", why=why)
        report_death(session, claimed.id, claimed.event_type)
        return None
    delay = backoff(claimed.attempt, claimed.cap_seconds, error)
    _end(session, claimed, "retry", delay=delay, why=why)
    return delay


def jitter() -> float:
    """Return up to a second, by chance, so that what failed together does not come back together."""
    return random.random()  # noqa: S311 - it spreads load, and keeps no secret


def lose(session: Session, delivery_id: UUID, *, worker: str, error: str) -> None:
    """Record that the process which ran a delivery died; it is tried again at once, or dead after the last attempt.

    Without it a lease would have to run out, and work that kills its worker in its own transaction would never be
    counted. Should another worker hold the delivery by now, its outcome is dropped by the fence and it runs again.
    """
    parameters = {"id": delivery_id, "worker": worker, "error": error[:1000], "delay": jitter()}
    lost = session.execute(_LOSE, parameters).one_or_none()
    if lost is not None and lost.state == "dead":
        report_death(session, delivery_id, lost.type)


def report_death(session: Session, delivery_id: UUID, event_type: str) -> None:
    """Record DeliveryDied, once; a report that dies is only counted, or reports would breed for ever."""
    if event_type != DeliveryDied.type_name():
        record(session, DeliveryDied(delivery_id=delivery_id))


def backoff(attempt: int, cap_seconds: int, error: BaseException | None = None) -> float:
    """Return the seconds to wait: 2^n and up to 1 s of jitter, capped; never less than the other side asked for."""
    wait = min(cap_seconds, settings().retry_base_seconds * 2.0 ** min(attempt, 16)) + jitter()
    asked = error.retry_after if isinstance(error, TransientFailure) else None
    return max(wait, asked or 0.0)


def _end(
    session: Session, claimed: Claimed, state: str, *, delay: float = 0.0, why: Mapping[str, str | None] = _NO_ERROR
) -> None:
    parameters = {
        "id": claimed.id, "fence": claimed.fence, "state": state, "delay": delay, "final": state != "retry", **why,
    }  # fmt: skip
    if session.execute(_END, parameters).one_or_none() is None:
        raise FenceLost(f"delivery {claimed.id} was taken over after its lease ran out")
