"""Canaries: deliveries without a purpose, sent through every queue to see that they come out at the other end.

They take the way of all work: outbox, relay, broker, worker, claim, outcome. A ping would answer from a worker that
takes nothing from its queue any more.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra.config import settings
from app.infra.outbox.events import CanarySent
from app.infra.outbox.reactions import reactions_of
from app.infra.outbox.record import record_for
from app.infra.outbox.states import UNFINISHED

#: The task that takes them. It stands in the SQL below as it is: only so does the partial index serve.
TASK = "tasks.maintenance.answer_canary"

# One sweep at a time: two would send two.
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('canaries', 0))")

# A queue whose canary is still on its way gets no second one: they would pile up, and a younger one says no more.
_RESTING = text("""
    SELECT DISTINCT queue FROM delivery
    WHERE task = 'tasks.maintenance.answer_canary'
        AND (state = ANY(:unfinished) OR available_at > now() - make_interval(secs => :rest))
""")

_AGES = text("""
    SELECT q.queue, extract(epoch FROM clock_timestamp() - max(d.finished_at))
    FROM unnest(CAST(:queues AS text[])) AS q (queue)
    LEFT JOIN delivery AS d ON d.queue = q.queue AND d.task = 'tasks.maintenance.answer_canary' AND d.state = 'done'
    GROUP BY q.queue
""")


def send(session: Session) -> int:
    """Send a canary where none is on its way and none was half an interval ago; return how many. Any number may run."""
    if not session.scalar(_ALONE):
        return 0
    session.execute(text("SELECT purge_canaries()"))
    parameters = {"unfinished": list(UNFINISHED), "rest": settings().canary_seconds / 2}
    resting = set(session.scalars(_RESTING, parameters))
    wanted = [reaction for reaction in reactions_of(CanarySent()) if reaction.queue not in resting]
    record_for(session, [(CanarySent(), [reaction]) for reaction in wanted])
    return len(wanted)


def ages(session: Session) -> dict[str, float | None]:
    """Return for each queue how many seconds ago the newest canary came through; None where none ever did."""
    queues = [reaction.queue for reaction in reactions_of(CanarySent())]
    rows = session.execute(_AGES, {"queues": queues})
    return {queue: None if age is None else float(age) for queue, age in rows}
