"""What one measurement found."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

#: What was measured while others had more than this share of the processors is dropped.
MOST_FOREIGN = 0.10


@dataclass(frozen=True)
class Timing:
    """So many operations in so many seconds. `latencies` in ms, sorted; `answers` counts what came back."""

    operations: int
    seconds: float
    latencies: Sequence[float] = ()
    answers: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Return operations a second."""
        return self.operations / self.seconds

    def percentile(self, share: int) -> float | None:
        """Return the latency in ms that this share of operations (in hundredths) did not exceed."""
        if not self.latencies:
            return None
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) * share // 100, len(ordered) - 1)]


@dataclass(frozen=True)
class Measured:
    """A timing, and the processors' time that it took: CPU-ms of our processes for each operation, share of others."""

    timing: Timing
    cpu_ms: float
    foreign: float

    @property
    def counts(self) -> bool:
        """Tell whether others were quiet enough."""
        return self.foreign <= MOST_FOREIGN


def median(values: Sequence[float | None]) -> float | None:
    """Return the median of what is there."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None
