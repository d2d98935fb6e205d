"""Measuring lines in turn, round after round: only a run is timed and metered, not what is made ready for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from bench.line import Line, Run
from bench.machine import await_quiet, metered
from bench.timing import Measured

#: By line and part, one for each round.
Rounds = dict[tuple[str, str], list[Measured]]
Tell = Callable[[str], None]


def measure(lines: Sequence[Line], rounds: int, tell: Tell, *, supervisor: int | None, patience: float) -> Rounds:
    """Measure each part of each line once a round, and tell of it.

    `supervisor`: the process below which the world runs, None where the lines start worlds themselves; `patience`: how
    many seconds to wait for a quiet machine before each round. Raises Broken when something did not do what it should.
    """
    found: Rounds = {}
    for number in range(rounds):
        wait_for_quiet(patience, tell, supervisor)
        for line in lines:
            for part, measured in measure_parts(line, number, supervisor):
                found.setdefault((line.name, part), []).append(measured)
                tell(f"  round {number + 1}  {line.name}, {part}: {_told(line, measured)}")
            line.settle()
    return found


def measure_parts(line: Line, number: int, supervisor: int | None) -> Iterator[tuple[str, Measured]]:
    """Make one round of a line; between two parts it puts the one away and makes the other ready, off the meter."""
    for part, run in line.parts(number):
        yield part, _measure_once(run, supervisor, count_bench=part in line.worked_here)


def wait_for_quiet(patience: float, tell: Tell, supervisor: int | None = None) -> None:
    """Wait at most so many seconds for a quiet machine, and tell when it does not get quiet."""
    if not await_quiet(patience, supervisor):
        tell("The machine does not get quiet: rounds in which others work too much are dropped.")


def all_count(found: Iterable[Sequence[Measured]]) -> bool:
    """Tell whether each part was measured on a quiet machine once at least."""
    return all(any(one.counts for one in part) for part in found)


def _measure_once(run: Run, supervisor: int | None, *, count_bench: bool) -> Measured:
    with metered(supervisor) as spent:
        timing = run()
    ours = spent.world + (spent.bench if count_bench else 0.0)
    return Measured(timing, ours * 1000 / timing.operations, spent.foreign)


def _told(line: Line, measured: Measured) -> str:
    rate = f"{measured.timing.rate:,.3g}" if measured.timing.rate < 1 else f"{measured.timing.rate:,.0f}"
    dropped = "" if measured.counts else f", dropped: others had {measured.foreign:.0%} of the processors'"
    return f"{rate} {line.unit}/s{dropped}"
