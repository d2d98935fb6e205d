"""Run deliveries in this process, through the very tasks that a worker runs, without a broker."""

from __future__ import annotations

from contextlib import suppress

from celery.exceptions import Retry
from sqlalchemy import text

from app.infra.db import session_scope
from app.infra.outbox import publish
from tasks.worker import app


def drain_deliveries(*, rounds: int = 50, hurry: bool = True) -> int:
    """Run what is due, and what that causes, until nothing is; a retry is hurried along rather than waited for."""
    app.loader.import_default_modules()
    ran = 0
    for _ in range(rounds):
        with session_scope() as session:
            if hurry:
                session.execute(text("UPDATE delivery SET available_at = now() WHERE state IN ('retry', 'pending')"))
        with session_scope() as session:
            due = publish.take_due(session)
        if not due:
            return ran
        for outgoing in due:
            ran += 1
            with suppress(Exception, Retry):  # a failure is on record in the delivery, which is what tests look at
                app.tasks[outgoing.task](str(outgoing.id))
    raise AssertionError(f"deliveries were still due after {rounds} rounds")
