"""Races: people who do something in the same moment, each with a connection of their own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.infra.db import session_scope
from tests.patience import PATIENCE_SECONDS, eventually, somebody_waits_for_a_lock

T = TypeVar("T")


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Start all calls in the same moment, a thread for each, and return their answers in order."""
    gate = threading.Barrier(len(calls))

    def start(call: Callable[[], T]) -> T:
        gate.wait(PATIENCE_SECONDS)
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
        return waiting.result(PATIENCE_SECONDS)


def until_blocked(owner: psycopg.Connection, waiting: Future[Any]) -> None:
    """Wait until somebody waits for a lock."""
    eventually(lambda: waiting.done() or somebody_waits_for_a_lock(owner), "somebody who waits for a lock")
    assert not waiting.done(), f"it did not wait: {waiting.result()}"
