"""Prefer: wait=N (RFC 7240): hold the answer until something changed, without holding a database session."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Hashable
from functools import cache, wraps
from typing import Any, TypeVar
from uuid import UUID

from flask import g, request

from app.infra.changes import listener
from app.infra.config import settings
from app.web.promises import promise

T = TypeVar("T")

MAX_SECONDS = 20
#: Who waits looks for itself as often as this: a notice may be missed, by a listener that was just cut off.
LOOK_EVERY_SECONDS = 1.0
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)

PREFER_PARAMETER = {
    "name": "Prefer",
    "in": "header",
    "schema": {"type": "string", "examples": ["wait=10"]},
    "description": (
        f"`wait=N` (RFC 7240): answer when something has changed, after N seconds at the latest, {MAX_SECONDS} at most."
        " Where too many wait already, and for any other preference, the answer comes at once."
    ),
}
APPLIED = {
    "Preference-Applied": {
        "description": "How long the answer was held at most; absent where it came at once.",
        "schema": {"type": "string", "examples": ["wait=10"]},
    }
}


def waits(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let callers of this route hold its answer by `Prefer: wait=N`; the view answers by `answer_when_changed`."""

    @wraps(view)
    def run(*args: Any, **kwargs: Any) -> Any:
        g.wait_seconds = _asked_for()
        return view(*args, **kwargs)

    return promise(run, parameters=[PREFER_PARAMETER], headers=APPLIED)


@cache
def _places() -> threading.BoundedSemaphore:
    """At most half of this process's threads wait, so that the other half always answers."""
    return threading.BoundedSemaphore(max(1, settings().web_threads // 2))


def answer_when_changed(
    read: Callable[[], T], *, version: Callable[[T], Hashable], rows: Callable[[T], Collection[UUID]]
) -> T:
    """Return `read()` at once, or, where `@waits` was asked to, as soon as its `version` differs from the first look.

    `rows` are the ids whose change may change the answer. `read` opens and closes its own transaction; none is held
    in between.
    """
    first = read()
    seconds = g.get("wait_seconds", 0)
    if seconds == 0 or not _places().acquire(blocking=False):
        return first
    g.preference_applied = f"wait={seconds}"
    watched = rows(first)
    signal = listener.watch(watched)
    try:
        return _wait(signal, first, read, version, seconds)
    finally:
        listener.unwatch(watched, signal)
        _places().release()


def _wait(
    signal: threading.Event, first: T, read: Callable[[], T], version: Callable[[T], Hashable], seconds: int
) -> T:
    """Look again after beginning to watch, and ever again: a change in between must not be slept through."""
    end = time.monotonic() + seconds
    latest = read()
    while version(latest) == version(first) and (left := end - time.monotonic()) > 0:
        signal.wait(min(LOOK_EVERY_SECONDS, left))
        signal.clear()
        latest = read()
    return latest


def _asked_for() -> int:
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found.group(1)), MAX_SECONDS) if found else 0
