"""A report serves all who ask within a second: nobody can make us look more often than that."""

from __future__ import annotations

import threading
import time

from app.ops.health.looking import EVERYTHING, READINESS, Report, look

GOOD_FOR_SECONDS = 1.0


class Shared:
    """The latest report about some checks. Who asks while somebody looks waits for what that one sees."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """Begin without one."""
        self._names = names
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._made_at = 0.0

    def report(self) -> Report:
        """Return a report that is fresh enough."""
        with self._lock:
            if self._report is None or time.monotonic() - self._made_at > GOOD_FOR_SECONDS:
                self._report = look(self._names)
                self._made_at = time.monotonic()
            return self._report

    def forget(self) -> None:
        """Look anew the next time."""
        self._report = None


everything = Shared(EVERYTHING)
readiness = Shared(READINESS)
