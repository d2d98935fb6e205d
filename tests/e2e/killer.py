"""Kills workers while they have work in hand."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import suppress
from typing import Self

from tests.e2e.running import RunningWorld

PAUSE_SECONDS = 0.6
#: Enough to fail a system that loses work, and so few that one which does not gets done.
MOST_KILLS = 24
#: One kill of so many hits the worker's main process; to start again takes it some seconds, so it is not the rule.
MAIN_EVERY = 10


class Killer(threading.Thread):
    """SIGKILLs children of the worker, and now and then its main process, until told to stop.

    A kill counts only when at that moment the database shows a delivery published or running.
    """

    def __init__(self, world: RunningWorld, chance: random.Random) -> None:
        """Kill nobody yet."""
        super().__init__(daemon=True)
        self.counted = 0
        self._world, self._chance = world, chance
        self._stopping = threading.Event()

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End, and see that nobody is killed any more."""
        self._stopping.set()
        self.join(10)
        assert not self.is_alive()

    def run(self) -> None:
        """Kill one after the other."""
        with self._world.database() as connection:
            while self.counted < MOST_KILLS and not self._stopping.wait(PAUSE_SECONDS):
                victim = self._choose()
                found = connection.execute(
                    "SELECT count(*) FROM delivery WHERE state IN ('published', 'running')"
                ).fetchone()
                if victim and found and found[0]:
                    with suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                        self.counted += 1

    def _choose(self) -> int | None:
        children = self._world.children("worker")
        if not children:  # it is just starting: let it
            return None
        return self._world.pid("worker") if self._chance.randrange(MAIN_EVERY) == 0 else self._chance.choice(children)
