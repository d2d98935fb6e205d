"""The two kinds of task. Both are ordinary Celery tasks that carry one argument: the id of a delivery.

* `in_one_transaction`: pure database work; claim, work and outcome commit together.
* `with_outside_calls`: claim; call the outside with no session open; outcome and its effects commit together.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NoReturn
from uuid import UUID

from celery import Task
from celery.exceptions import Retry, TimeLimitExceeded, WorkerLostError
from celery.signals import task_failure
from opentelemetry.trace import SpanKind
from sqlalchemy.orm import Session

from app.infra import db, failures, metrics, traces
from app.infra.correlation import correlate
from app.infra.db import session_scope
from app.infra.outbox import canaries
from app.infra.outbox.claim import Claimed, FenceLost, claim, fail, finish, lose
from tasks.worker import app

log = logging.getLogger(__name__)

#: Records how an attempt failed; returns the seconds until the next, None for the last.
RecordFailure = Callable[[UUID, Exception], float | None]


@dataclass
class Errand:
    """A claimed delivery whose task talks to the outside world."""

    claimed: Claimed
    event: Any
    ended: bool = field(default=False)

    @contextmanager
    def outcome(self) -> Iterator[Session]:
        """Open the transaction that holds the effects and the end of the delivery; FenceLost undoes both."""
        with session_scope() as session:
            finish(session, self.claimed)
            yield session
        self.ended = True


def in_one_transaction(work: Callable[[Session, Any], object]) -> Task:
    """Make a task of a function `(session, event)` that touches nothing but the database."""

    @wraps(work)
    def run(delivery_id: str) -> str:
        with session_scope() as session:
            claimed = claim(session, UUID(delivery_id), worker_name())
            if claimed is None:
                return _dropped(run.__name__, delivery_id)
            correlate(claimed.correlation_id)
            with _traced(work, claimed):
                work(session, claimed.event())
                finish(session, claimed)
        return "done"

    return _register(work, run, _claim_and_fail)


def with_outside_calls(work: Callable[[Errand], object]) -> Task:
    """Make a task of a function `(errand)` that calls somebody else and then opens `errand.outcome()`."""

    def run(delivery_id: str) -> str:
        with session_scope() as session:
            claimed = claim(session, UUID(delivery_id), worker_name())
        if claimed is None:
            return _dropped(run.__name__, delivery_id)
        correlate(claimed.correlation_id)
        try:
            with _traced(work, claimed):
                _run_errand(work, claimed)
        except Exception as error:
            error.__claimed__ = claimed  # type: ignore[attr-defined]  # tells the failure handler which fence it had
            raise
        return "done"

    return _register(work, wraps(work)(run), _fail_claimed)


def worker_name() -> str:
    """Return who runs this: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _traced(work: Callable[..., object], claimed: Claimed) -> AbstractContextManager[object]:
    """Go on in the trace of whoever recorded the event."""
    return traces.span(
        f"{work.__module__}.{work.__name__}",
        SpanKind.CONSUMER,
        after=traces.place(claimed.correlation_id, claimed.event_id),
        amana__delivery_id=str(claimed.id),
        amana__attempt=claimed.attempt,
    )


def _run_errand(work: Callable[[Errand], object], claimed: Claimed) -> None:
    errand = Errand(claimed, claimed.event())
    work(errand)
    if not errand.ended:
        with errand.outcome():
            log.debug("nothing to record", extra={"delivery_id": claimed.id})


def _register(work: Callable[..., object], run: Callable[[str], str], record_failure: RecordFailure) -> Task:
    @wraps(work)
    def guarded(delivery_id: str) -> None:
        try:
            _count(_name(work), _attempt(run, delivery_id, record_failure))
        except FenceLost:  # by the work, or by the record of its failure: whoever has the delivery now counts
            _count(_name(work), "fenced")
            log.warning("the lease was lost, the outcome is dropped", extra={"delivery_id": delivery_id})

    return app.task(name=_name(work))(guarded)


def _name(work: Callable[..., object]) -> str:
    return f"{work.__module__}.{work.__name__}"


def _count(task: str, outcome: str) -> None:
    """Count how an attempt ended, after its commit; of canaries there is a check of health instead."""
    if task != canaries.TASK:
        metrics.DELIVERIES.add(task, outcome)


def _attempt(run: Callable[[str], str], delivery_id: str, record_failure: RecordFailure) -> str:
    """Run it and return `done` or `dropped`; whatever it raised is recorded before it is raised again."""
    try:
        return run(delivery_id)
    except FenceLost:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, it is recorded and raised again
        retry_in = record_failure(UUID(delivery_id), error)
        _count(_name(run), "dead" if retry_in is None else "retry")
        _raise_again(run.__name__, delivery_id, error, retry_in)


def _raise_again(task: str, delivery_id: str, error: Exception, retry_in: float | None) -> NoReturn:
    extra = {"delivery_id": delivery_id, "task": task, "retry_in_seconds": retry_in}
    if retry_in is None:
        log.error("a delivery is dead", exc_info=error, extra=extra)
        raise error
    log.warning("a delivery failed and will be retried: %s", type(error).__name__, extra=extra)
    # Raised without apply_async: Celery acknowledges the message and shows RETRY; Postgres sends the next try.
    raise Retry(failures.tell(error), exc=error, when=retry_in) from error


def _claim_and_fail(delivery_id: UUID, error: Exception) -> float | None:
    """The work was rolled back together with its claim: claim again and end it, in one transaction."""
    with session_scope() as session:
        claimed = claim(session, delivery_id, worker_name())
        if claimed is None:  # another copy of the message has it: its outcome counts
            raise FenceLost(str(delivery_id))
        return fail(session, claimed, error)


def _fail_claimed(_: UUID, error: Exception) -> float | None:
    claimed: Claimed | None = getattr(error, "__claimed__", None)
    if claimed is None:  # the claim itself failed: the database is away, the relay sends the message again
        raise error
    with session_scope() as session:
        return fail(session, claimed, error)


def _dropped(task: str, delivery_id: str) -> str:
    log.info("a message without work was dropped", extra={"delivery_id": delivery_id, "task": task})
    return "dropped"


@task_failure.connect
def _record_loss(sender: Task, task_id: str, exception: BaseException, **_: Any) -> None:
    """Runs in the worker's main process when a child of its died, or is about to be killed, in the middle of a task."""
    if not isinstance(exception, (WorkerLostError, TimeLimitExceeded)):
        return
    try:
        with session_scope() as session:
            lose(session, UUID(task_id), worker=worker_name(), error=str(exception))
        _count(sender.name, "lost")
        metrics.flush()  # by nobody else in this process
    finally:
        db.engine().dispose()  # children are forked from this process: no connection may cross into them
