"""Kills workers while they have work in hand."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from contextlib import suppress
from typing import Self

from tests.e2e.running import RunningWorld

PAUSE_SECONDS = 0.4
#: Enough to fail a system that loses work, and so few that one which does not gets done.
MOST_KILLS = 24
#: These kills hit the worker's main process; to start again takes it some seconds, so they are not the rule.
MAIN_KILLS = (8, 16)
#: Celery gives up when its first children die at birth: that would test Celery's start, not our work.
GROWN_UP_SECONDS = 1.5


class Killer(threading.Thread):
    """SIGKILLs children of the worker, and now and then its main process, until told to stop.

    A kill counts only when at that moment the database shows a delivery published or running.
    """

    def __init__(self, world: RunningWorld, chance: random.Random) -> None:
        """Kill nobody yet."""
        super().__init__(daemon=True)
        self.counted = 0
        self._world, self._chance = world, chance
        self._born: dict[int, float] = {}
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
        now = time.monotonic()
        children = self._world.children("worker")
        self._born = {pid: self._born.get(pid, now) for pid in children}
        grown_up = [pid for pid, born in self._born.items() if now - born > GROWN_UP_SECONDS]
        if not grown_up:
            return None
        return self._world.pid("worker") if self.counted in MAIN_KILLS else self._chance.choice(grown_up)
