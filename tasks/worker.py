"""The Celery application. `celery --app tasks.worker worker` and `… beat` run it."""

from __future__ import annotations

from typing import Any

from celery import Celery, Task
from celery.signals import (
    beat_init,
    celeryd_init,
    heartbeat_sent,
    setup_logging,
    task_prerun,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
)
from sentry_sdk.integrations.celery import CeleryIntegration

from app.choreography import REACTIONS
from app.infra import heartbeat, logs, metrics, outbox, sentry, traces
from app.infra.config import settings
from app.infra.correlation import correlate
from app.kernel.ids import new_id


class DiscreetTask(Task):
    """What every task of this application is made of."""

    abstract = True
    Request = "tasks.requests:DiscreetRequest"


app = Celery("amana", task_cls=DiscreetTask)
app.config_from_object("celeryconfig")

outbox.install(REACTIONS)


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    logs.configure(settings().log_level)


@celeryd_init.connect
@beat_init.connect
def _start_reporting(**_: Any) -> None:
    """Report failures of tasks, and sweeps that do not come; before a worker forks, for it prepares its tasks then."""
    if not settings().sentry_dsn:  # making the integration patches Celery
        return
    sentry.start(CeleryIntegration(monitor_beat_tasks=True))  # those of whole minutes: it leaves the others out itself


@worker_process_init.connect
def _start_tracing(**_: Any) -> None:
    traces.start("worker")


@worker_process_shutdown.connect
def _send_last_traces(**_: Any) -> None:
    """Send what waits: a child that has run its share of tasks ends without the usual ceremonies."""
    traces.flush()


@heartbeat_sent.connect
def _show_life(**_: Any) -> None:
    """Every two seconds, in the loop that takes messages: a worker that hangs or has lost its broker falls silent."""
    heartbeat.beat()


@task_prerun.connect
def _begin_something_new(**_: Any) -> None:
    """Part a task from the one before it in this process: a sweep must not go on under a stranger's request id."""
    metrics.start()  # in the process that runs tasks, whatever kind of worker that is
    correlate(str(new_id()))


@worker_process_shutdown.connect
@worker_shutdown.connect
def _write_last_counts(**_: Any) -> None:
    metrics.flush()
