"""The rounds put together: medians, ratios within a round, and whether the aims were reached."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.line import Aim, Line
from bench.measuring import Rounds
from bench.timing import Measured, median

HEADER = ("line", "part", "a second", "of its limit", "CPU-ms each", "p50 ms", "p95 ms", "p99 ms", "others' CPU", "aim")


def rows(lines: Sequence[Line], rounds: Rounds) -> Iterator[tuple[str, ...]]:
    """Yield a row of text for each part of each line, in the columns of HEADER."""
    for line in lines:
        parts = [part for name, part in rounds if name == line.name]
        for number, part in enumerate(parts):
            aims = [aim for aim in line.aims if aim.part == part]
            yield (line.name if number == 0 else "", part, *_figures(line, part, rounds), _verdicts(line, aims, rounds))


def missed(lines: Sequence[Line], rounds: Rounds) -> list[str]:
    """Return the aims that were not reached, in words."""
    return [
        f"{line.name}, {aim.part}: {aim}, measured {_found(line, aim, rounds) or 'nothing: others were busy'}"
        for line in lines
        for aim in line.aims
        if not _reached(line, aim, rounds)
    ]


def figure(line: Line, aim: Aim, rounds: Rounds) -> float | None:
    """Return the median over the rounds of the figure that an aim is about."""
    if aim.figure == "share":
        return _share(line, aim.part, rounds)
    kept = [one.timing for one in _kept(line, aim.part, rounds) if one]
    return median([one.rate if aim.figure == "rate" else one.percentile(int(aim.figure[1:])) for one in kept])


def _kept(line: Line, part: str, rounds: Rounds) -> list[Measured | None]:
    """Return the rounds of a part with None where others worked too much."""
    return [one if one.counts else None for one in rounds[line.name, part]]


def _share(line: Line, part: str, rounds: Rounds) -> float | None:
    """Compare within each round, so that a machine whose speed drifts does not matter."""
    if part not in line.limits:
        return None
    pairs = zip(_kept(line, part, rounds), _kept(line, line.limits[part], rounds), strict=True)
    return median([100 * ours.timing.rate / limit.timing.rate if ours and limit else None for ours, limit in pairs])


def _figures(line: Line, part: str, rounds: Rounds) -> Iterator[str]:
    kept = [one for one in _kept(line, part, rounds) if one]
    yield _shown(median([one.timing.rate for one in kept]))
    yield _shown_share(_share(line, part, rounds))
    yield _shown(median([one.cpu_ms for one in kept]))
    for percentile in (50, 95, 99):
        yield _shown(median([one.timing.percentile(percentile) for one in kept]))
    yield "; ".join(_foreign(kept, dropped=len(rounds[line.name, part]) - len(kept)))


def _foreign(kept: Sequence[Measured], *, dropped: int) -> Iterator[str]:
    if kept:
        yield f"≤ {100 * max(one.foreign for one in kept):.0f} %"
    if dropped:
        yield f"{dropped} dropped"


def _verdicts(line: Line, aims: Sequence[Aim], rounds: Rounds) -> str:
    return "; ".join(f"{aim}: {'reached' if _reached(line, aim, rounds) else 'MISSED'}" for aim in aims)


def _reached(line: Line, aim: Aim, rounds: Rounds) -> bool:
    value = figure(line, aim, rounds)
    return value is not None and aim.is_reached_by(value)


def _found(line: Line, aim: Aim, rounds: Rounds) -> str:
    shown = _shown_share if aim.figure == "share" else _shown
    return shown(figure(line, aim, rounds))


def _shown_share(value: float | None) -> str:
    """Round down: what falls short of an aim by a hair must not look like it."""
    return "" if value is None else f"{math.floor(10 * value) / 10:.1f} %"


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
