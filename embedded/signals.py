"""Ctrl-C, SIGTERM and a closed terminal, turned into one orderly stop."""

from __future__ import annotations

import signal
import time
from types import FrameType, TracebackType
from typing import Any, Self

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Somebody asked the supervisor to stop."""


class StopSignals:
    """Counts stop signals while its block runs.

    The handler only counts. An exception out of a handler could strike between the birth of a child and the note of
    its id; so it is raised in `pause`, where nothing is half done.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        # What `nohup` ignores stays ignored. Ctrl-C does not: a script's background job ignores it only by default.
        wanted = [
            number for number in _STOPPING if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN
        ]
        self._before = {number: signal.signal(number, self._note) for number in wanted}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pause(self, seconds: float) -> None:
        """Sleep; raises StopRequested when a signal has come."""
        time.sleep(seconds)
        if self.count:
            raise StopRequested

    @property
    def in_a_hurry(self) -> bool:
        """Whether a second signal has come: no more grace."""
        return self.count > 1

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
