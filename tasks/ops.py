"""What the back office does about events: alarms, and reports to Sentry."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.infra import sentry
from app.infra.db import session_scope
from app.notifications import service as notifications
from app.ops import alarms
from tasks.delivery import Errand, in_one_transaction, with_outside_calls


@in_one_transaction
def raise_alarm(session: Session, event: Any) -> None:
    """Tell the back office of what only a person can put right."""
    notifications.raise_alarm(session, alarms.alarm_about(session, event))


@with_outside_calls
def report_dead_letter(errand: Errand) -> None:
    """Tell Sentry and the back office of work that was given up."""
    with session_scope() as session:
        alarm = alarms.alarm_about(session, errand.event)
    tags = {name: str(value) for name, value in alarm.metadata.items()}
    sentry.report(alarm.title, level=alarm.severity.value, cause=alarm.cause, tags=tags)
    with errand.outcome() as session:
        notifications.raise_alarm(session, alarm)
