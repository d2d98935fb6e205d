"""The Celery application. `celery --app tasks.worker worker` and `… beat` run it."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import setup_logging

from app.choreography import REACTIONS
from app.infra import logs, outbox
from app.infra.config import settings

app = Celery("amana")
app.config_from_object("celeryconfig")

outbox.install(REACTIONS)


@setup_logging.connect
def _configure_logs(**_: Any) -> None:
    logs.configure(settings().log_level)
