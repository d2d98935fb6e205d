"""The Celery application. `celery --app tasks.worker worker` and `… beat` run it."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import setup_logging, task_prerun

from app.choreography import REACTIONS
from app.infra import logs, outbox
from app.infra.config import settings
from app.infra.correlation import correlate
from app.kernel.ids import new_id

app = Celery("amana")
app.config_from_object("celeryconfig")

outbox.install(REACTIONS)


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    logs.configure(settings().log_level)


@task_prerun.connect
def _begin_something_new(**_: Any) -> None:
    """Part a task from the one before it in this process: a sweep must not go on under a stranger's request id."""
    correlate(str(new_id()))
