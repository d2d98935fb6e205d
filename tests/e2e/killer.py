"""Kills workers while they have work in hand."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress

from tests.e2e.patience import eventually
from tests.e2e.running import RunningWorld

#: These kills hit the worker's main process; to start again takes it some seconds, so they are not the rule.
MAIN_KILLS = (4, 9)
#: Celery gives up when its first children die at birth: that would test Celery's start, not our work.
GROWN_UP_SECONDS = 1.5


class Killer:
    """SIGKILLs a child of the worker, or now and then its main process: `aim`, let work come in, `strike`.

    A kill counts only when at that moment the database shows a delivery published or running. Who aims first can
    strike as soon as there is work, however fast the machine is; who strikes first may find that all is over.
    """

    def __init__(self, world: RunningWorld, chance: random.Random) -> None:
        """Kill nobody yet."""
        self.counted = 0
        self._world, self._chance = world, chance
        self._born: dict[int, float] = {}
        #: Until somebody has noticed, who was killed is still among the children of the worker.
        self._killed: set[int] = set()

    def aim(self) -> int:
        """Wait until the worker has a child that is grown up, and return whom to kill."""
        victim: int = eventually(self._choose, "a worker to kill")
        return victim

    def strike(self, victim: int) -> None:
        """Kill as soon as work is in hand; nobody dies, and nothing counts, when none comes."""
        if self._world.await_work():
            self._kill(victim)

    def _kill(self, victim: int) -> None:
        with_it = self._world.children("worker") if victim == self._world.pid("worker") else ()
        self._killed |= {victim, *with_it}
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.counted += 1

    def _choose(self) -> int | None:
        now = time.monotonic()
        alive = set(self._world.children("worker")) - self._killed
        self._born = {pid: self._born.get(pid, now) for pid in alive}
        grown_up = [pid for pid, born in self._born.items() if now - born > GROWN_UP_SECONDS]
        if not grown_up:
            return None
        return self._world.pid("worker") if self.counted in MAIN_KILLS else self._chance.choice(sorted(grown_up))
