"""Writes what this process has counted, every few seconds."""

from __future__ import annotations

import logging
import os
import threading
import time
from functools import cache

from sqlalchemy.exc import SQLAlchemyError

from app.infra.db import session_scope
from app.infra.metrics import store
from app.infra.metrics.pending import pending

log = logging.getLogger(__name__)

FLUSH_SECONDS = 2.0


def start() -> None:
    """Begin to write what this process counts; called after the fork, for a thread does not survive one."""
    _start(os.getpid())


def flush() -> None:
    """Write now what was counted; where the database is away, keep it for the next time.

    Called before /metrics is read, and when a process ends. Opens a transaction of its own.
    """
    taken = pending.take()
    if not taken:
        return
    try:
        with session_scope() as session:
            store.write(session, taken)
    except SQLAlchemyError as error:
        pending.give_back(taken)
        log.warning("counts could not be written: %s", type(error).__name__)


@cache
def _start(pid: int) -> None:
    threading.Thread(target=_flush_for_ever, name=f"metrics of {pid}", daemon=True).start()


def _flush_for_ever() -> None:
    while True:
        time.sleep(FLUSH_SECONDS)
        flush()
