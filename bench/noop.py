"""A worker whose task does nothing, with our settings of Celery: what the broker and Celery cost alone."""

from __future__ import annotations

from celery import Celery

app = Celery("bench", config_source="celeryconfig")


@app.task
def nothing() -> None:
    """Do nothing."""
