"""Waiting for what shall become true: so long that a slow machine fails no test, and no longer than it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg

T = TypeVar("T")

PATIENCE_SECONDS = 180.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.2


def eventually(look: Callable[[], T], what: str = "it", seconds: float = PATIENCE_SECONDS) -> T:
    """Return the first truthy look; fail with what was awaited."""
    end, pause = time.monotonic() + seconds, FIRST_PAUSE_SECONDS
    while not (found := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
    return found


def somebody_waits_for_a_lock(owner: psycopg.Connection) -> bool:
    """Tell whether a session of this cluster is held up by another one."""
    return owner.execute("SELECT FROM pg_locks WHERE NOT granted LIMIT 1").fetchone() is not None
