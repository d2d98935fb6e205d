"""The three kinds of numbers that processes count: counters, histograms of seconds, and streaks."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from app.infra.metrics import store
from app.infra.metrics.pending import Change, Row, pending

#: Upper bounds in seconds; what takes longer falls under +Inf.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Family:
    """Numbers of one name, told apart by their labels. Values of labels are words of ours: there are few."""

    name: str
    help: str
    labels: tuple[str, ...]

    def row(self, *values: str) -> Row:
        """Return the number with these labels, in the order in which they are declared."""
        return Row(self.name, tuple(zip(self.labels, values, strict=True)))


class Counter(Family):
    """Only grows."""

    def add(self, *values: str, amount: int = 1) -> None:
        """Count in memory: cheap, and lost with a process that is killed in the seconds until it is written."""
        pending.add(self.row(*values), Change(amount))

    def add_with(self, session: Session, *values: str, amount: int = 1) -> None:
        """Count in this transaction, exactly; who counts the same waits until it ends."""
        store.write(session, {self.row(*values): Change(amount)})


class Streak(Family):
    """How often the same has happened in a row."""

    def grow(self, *values: str) -> None:
        """It has happened once more."""
        pending.add(self.row(*values), Change(1))

    def end(self, *values: str) -> None:
        """It has not: the next is the first again."""
        pending.add(self.row(*values), Change(0, anew=True))


@dataclass(frozen=True)
class Histogram(Family):
    """How long something took. Kept as one number for each bound, and the sum of the seconds."""

    bounds: tuple[float, ...] = field(default=BOUNDS)

    def observe(self, *values: str, seconds: float) -> None:
        """Count one duration."""
        labels = self.row(*values).labels
        place = bisect_left(self.bounds, seconds)
        bound = str(self.bounds[place]) if place < len(self.bounds) else "+Inf"
        pending.add(Row(f"{self.name}_bucket", (*labels, ("le", bound))), Change(1))
        pending.add(Row(f"{self.name}_sum", labels), Change(seconds))
