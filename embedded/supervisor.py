"""Keeps processes running: one that dies is started again, with growing pauses; all are stopped in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NoReturn

from embedded.process import Process, Witness

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
SETTLED_SECONDS = 10.0
GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.02


class Kept:
    """One process and how often it has died lately."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._deaths = 0
        self._due: float | None = None

    def tend(self, report: Callable[[str, str], None]) -> bool:
        """Note a death, or start again what is due; return whether it was started."""
        now = time.monotonic()
        if self._due is None:
            if not self.process.running:
                self._note_death(now, report)
            return False
        if now < self._due:
            return False
        self._due = None
        self.process.start()
        return True

    def _note_death(self, now: float, report: Callable[[str, str], None]) -> None:
        self.process.sweep()
        lived = now - self.process.started_at
        self._deaths = 1 if lived >= SETTLED_SECONDS else self._deaths + 1
        pause = min(_FIRST_PAUSE * 2 ** (self._deaths - 1), _LONGEST_PAUSE)
        self._due = now + pause
        name, code = self.process.program.name, self.process.exit_code
        report(
            name, f"ended with {code} after {lived:.1f} s, starts again in {pause:.1f} s; {self.process.program.log}"
        )


class Supervisor:
    """All kept processes by name, in the order in which they were started."""

    def __init__(
        self, witness: Witness, report: Callable[[str, str], None], grace_seconds: float = GRACE_SECONDS
    ) -> None:
        """`report` takes the name of a process and what happened to it."""
        self._witness = witness
        self._report = report
        self._grace_seconds = grace_seconds
        self._kept: dict[str, Kept] = {}

    @property
    def pids(self) -> dict[str, int]:
        """The main process id of each kept process, as of its latest start."""
        return {name: kept.process.pid for name, kept in self._kept.items()}

    def keep(self, process: Process) -> Process:
        """Take charge of a process before its first start, and return it."""
        process.witness = self._witness
        self._kept[process.program.name] = Kept(process)
        return process

    def raise_if_ended(self) -> None:
        """While the world starts nothing may die: raises StartFailedError with the log of the first that did."""
        for kept in self._kept.values():
            if (code := kept.process.exit_code) is not None:
                kept.process.fail(f"ended with {code} while the world was starting")

    def fail(self, name: str, what: str) -> NoReturn:
        """Raise StartFailedError for a kept process, with the end of its log."""
        self._kept[name].process.fail(what)

    def tend(self) -> bool:
        """Look after every process once; return whether one was started again."""
        started = [kept.tend(self._report) for kept in self._kept.values()]
        return any(started)

    def stop(self, order: Iterable[Iterable[str]], hurry: Callable[[], bool]) -> None:
        """Stop group after group, what no group names before all; in a hurry nobody gets any grace."""
        groups = [list(names) for names in order]
        unnamed = self._kept.keys() - {name for names in groups for name in names}
        for names in (unnamed, *groups):
            self._stop_together([self._kept[name].process for name in names if name in self._kept], hurry)

    def _stop_together(self, group: list[Process], hurry: Callable[[], bool]) -> None:
        """Ask all to stop at once, and kill after the grace whoever is left, with everything that they started."""
        for process in group:
            process.ask_to_stop()
        deadline = time.monotonic() + self._grace_seconds
        while (left := [process for process in group if process.running]) and not hurry():
            if time.monotonic() >= deadline:
                for process in left:
                    self._report(process.program.name, f"did not end within {self._grace_seconds:.1f} s, is killed")
                break
            time.sleep(_POLL_SECONDS)
        for process in group:
            process.sweep()
