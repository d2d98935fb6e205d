"""From the command to a world that is ready: with a new database, and with the one that is there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.line import Line, Run
from bench.timing import Timing
from bench.world import running


class Startup(Line):
    """One start at a time, servers and migrations included; stopping is not timed."""

    name = "start-up"
    unit = "starts"
    worked_here = ("with a new database", "with one that is there")  # the bench starts these worlds

    def __init__(self, directory: Path) -> None:
        """Take the directory of the worlds; whatever is there is deleted."""
        self._directory = directory

    def parts(self, number: int) -> Iterator[tuple[str, Run]]:
        """Start a new world, stop it, and start the same one again."""
        shutil.rmtree(self._directory, ignore_errors=True)
        for part in self.worked_here:
            with ExitStack() as stack:
                yield part, partial(self._start, stack)

    def _start(self, stack: ExitStack) -> Timing:
        seconds = stack.enter_context(running(self._directory)).started_in
        return Timing(1, seconds, [seconds * 1000])
