"""Races: people who do something in the same moment, each with a connection of their own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.infra.db import session_scope

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


def while_it_waits(change: Callable[[Session], object], call: Callable[[], T], owner: psycopg.Connection) -> T:
    """Make a change, have the call wait for its lock, commit, and return the call's answer."""
    with ThreadPoolExecutor(1) as threads:
        with session_scope() as session:
            change(session)
            waiting = threads.submit(call)
            until_blocked(owner, waiting)
        return waiting.result(PATIENCE)


def until_blocked(owner: psycopg.Connection, waiting: Future[Any]) -> None:
    """Wait until somebody waits for a lock."""
    end = time.monotonic() + PATIENCE
    while owner.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):
        assert not waiting.done(), f"it did not wait: {waiting.result()}"
        assert time.monotonic() < end, "nobody waits for a lock"
        time.sleep(0.005)
