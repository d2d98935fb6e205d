"""Looking at everything at once, and never for longer than a moment, whatever hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app.infra.probe import probing
from app.ops.health.broker import check_broker
from app.ops.health.checks import CHECKS
from app.ops.health.verdicts import Check, Verdict, judge, made
from app.ops.states import HealthStatus

#: For how long a look may take; whatever has no answer then is unhealthy.
SECONDS = 1.5

EVERYTHING = ("database", "broker", *(name for name in CHECKS if name != "database"))

#: What this process needs for its next request. It needs no broker: work waits in the database.
READINESS = ("database",)

_RANKS = tuple(HealthStatus)


@dataclass(frozen=True)
class Report:
    """How everything stood. `looked_at`: when, by the database's clock; None when that could not be asked.

    `asked`: the checks that were begun before the time was up. Of the others nothing is known.
    """

    checks: Mapping[str, Check]
    looked_at: datetime | None
    asked: Sequence[str]

    @property
    def status(self) -> HealthStatus:
        """Return the worst status."""
        return max((check.status for check in self.checks.values()), key=_RANKS.index)


@dataclass
class _Look:
    """What the threads of one look have found so far."""

    names: tuple[str, ...]
    found: dict[str, Check] = field(default_factory=dict)
    looked_at: datetime | None = None
    asked: list[str] = field(default_factory=list)

    def ask_database(self) -> None:
        """Make the checks that the database answers, one after the other.

        One that hangs, on a lock say, is cut when the time is up, and says nothing of the database, which has
        answered; one that fails before may have lost it: then what the checks say is about its absence.
        """
        began = time.monotonic()
        try:
            with probing(SECONDS) as session:
                self.looked_at = session.execute(select(func.clock_timestamp())).scalar_one()
                for name in self._of_the_database():
                    self._ask(name, partial(CHECKS[name], session))
                session.execute(select(1))  # still there
        except SQLAlchemyError as error:
            if self.looked_at and time.monotonic() - began >= SECONDS:
                return
            self.looked_at = None
            told = f"does not answer: {type(error).__name__}"
            self.found["database"] = made("database", HealthStatus.UNHEALTHY, told, time.monotonic() - began)
            self._give_up(self._of_the_database(), "cannot be told without the database")

    def ask_broker(self) -> None:
        """Make the one check that the broker answers."""
        self._ask("broker", check_broker)

    def report(self) -> Report:
        """Return what there is; whatever is not there yet is unhealthy."""
        late = _Look(self.names, dict(self.found), self.looked_at, list(self.asked))
        late._give_up(self.names, f"no answer within {SECONDS} s")
        return Report({name: late.found[name] for name in self.names}, late.looked_at, late.asked)

    def _ask(self, name: str, check: Callable[[], Verdict]) -> None:
        self.asked.append(name)
        self.found[name] = judge(name, check)

    def _of_the_database(self) -> list[str]:
        return [name for name in self.names if name in CHECKS]

    def _give_up(self, names: Iterable[str], told: str) -> None:
        for name in names:
            self.found.setdefault(name, made(name, HealthStatus.UNHEALTHY, told, SECONDS))


def look(names: tuple[str, ...] = EVERYTHING) -> Report:
    """Make these checks now, within a moment. A thread that hangs longer ends by itself, soon after."""
    one = _Look(names)
    ways = (one.ask_database, one.ask_broker) if "broker" in names else (one.ask_database,)
    threads = [threading.Thread(target=way, daemon=True) for way in ways]
    end = time.monotonic() + SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return one.report()
