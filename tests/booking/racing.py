"""Races: people who do something in the same moment, each with a connection of their own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from werkzeug.test import TestResponse

T = TypeVar("T")

PATIENCE = 10.0


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Start all calls in the same moment, a thread for each, and return their answers in order."""
    gate = threading.Barrier(len(calls))

    def start(call: Callable[[], T]) -> T:
        gate.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(start, calls))


def tally(answers: Iterable[TestResponse]) -> dict[Any, int]:
    """Count the answers: refusals by their code, all others by their status."""
    return dict(Counter(a.json["code"] if a.status_code >= 400 else a.status_code for a in answers))


@contextmanager
def meanwhile(call: Callable[[], T], owner: psycopg.Connection) -> Any:
    """Run a call in a thread, and the block as soon as the call waits for a lock that the block gives back."""
    with ThreadPoolExecutor(1) as threads:
        started: Future[T] = threads.submit(call)
        until_blocked(owner, started)
        yield started


def until_blocked(owner: psycopg.Connection, started: Future[Any]) -> None:
    """Wait until somebody waits for a lock."""
    end = time.monotonic() + PATIENCE
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while owner.execute(waiting).fetchone() == (0,):
        assert not started.done(), f"it did not wait: {started.result()}"
        assert time.monotonic() < end, "nobody waits for a lock"
        time.sleep(0.005)
