"""A line of the bench: what is measured in each round, what it is compared with, and what it must reach."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.timing import Timing

#: Makes one measurement. What it needs was made ready before, so that only the work itself is timed and metered.
Run = Callable[[], Timing]


@dataclass(frozen=True)
class Aim:
    """What a part of a line must reach: `figure` of it must be at least, or at most, so much."""

    part: str
    figure: str  #: rate, p50, p95, p99, or share: of the limit's rate, in hundredths
    least: float | None = None
    most: float | None = None

    def is_reached_by(self, value: float) -> bool:
        """Tell whether this value is good enough."""
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        """Say it in words."""
        unit = {"rate": "/s", "share": " %"}.get(self.figure, " ms")
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return f"{self.figure} {bound}{unit}"


class Line(ABC):
    """One thing that is measured, in parts; a part in `limits` is compared with the part that is its limit."""

    name: str
    unit: str  #: what is counted
    limits: Mapping[str, str] = {}
    aims: Sequence[Aim] = ()
    worked_here: Sequence[str] = ()  #: parts whose work processes of the bench do, not those of the world

    @abstractmethod
    def parts(self, number: int) -> Iterable[tuple[str, Run]]:
        """Give the measurements of a round by name, in the order in which they are made; each is made once.

        A generator makes ready before it yields a part, and looks at what came of it and puts it away after that. It
        raises Broken when that is wrong, and so does a run.
        """

    def settle(self) -> None:  # noqa: B027 - most lines leave nothing behind
        """Wait for, or put aside, what a round has left behind; the next line begins after this."""
