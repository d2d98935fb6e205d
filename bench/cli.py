"""`make bench`: measure, compare, check the books; only this writes docs/measured.md."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.infra.db import session_scope
from app.ops.books import check_invariants
from bench import report
from bench.line import Line, Run
from bench.lines.bookings import Bookings
from bench.lines.deliveries import Deliveries, Starts
from bench.lines.postings import Postings
from bench.lines.slots import Slots
from bench.lines.webhooks import Webhooks
from bench.machine import await_quiet, described, metered
from bench.scene import UNFINISHED, set_scene
from bench.timing import Measured, median
from bench.world import BROUGHT, ROOT, Broken, World, running

LINES: Sequence[type[Webhooks | Bookings | Postings | Deliveries | Starts | Slots]] = (
    Webhooks, Bookings, Postings, Deliveries, Starts, Slots,
)  # fmt: skip
DIRECTORY = ROOT / ".run/bench"
PAGE = ROOT / "docs/measured.md"
PAGE_TEXT = """\
# Measured

Written by `make bench` on {day:%Y-%m-%d}: {machine}, Python {python}. Eight connections, two processes of the API, four
of the worker, and everything on this one machine, the client too. Medians of {rounds} rounds; the share of a limit is
taken within each round. CPU-ms are those of all processes that do the work, PostgreSQL and the broker included, without
the client that asks for it. The relay is paused while requests are counted; what they left to do is done afterwards.
Where a repeated webhook writes a row, or a hot slot is booked more than once, there is an error instead of this page.
Where the time goes, and what was done about it, stands in [ADR 0015](adr/0015-where-the-time-goes.md).

{table}

From the command to a world that is ready: {fresh:.1f} s with a new database, {again:.1f} s with one that is there
(medians of {rounds} starts each).

The books afterwards: {books}.
"""


def main() -> int:
    """Measure what was asked for; 1 when the books do not hold. A missed aim is told, and fails nothing."""
    asked = _parse()
    if BROUGHT:
        print(f"The bench runs on servers of its own, and leaves those of {', '.join(BROUGHT)} alone.")
    _await_quiet(asked.patience)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    with running(DIRECTORY) as world:
        fresh = [world.started_in]
        print(f"started in {fresh[0]:.1f} s with a new database; setting the scene", flush=True)
        scene = set_scene(world)
        lines: list[Line] = [line(scene) for line in LINES if not asked.words or _named(line.name, asked.words)]
        rounds = _measure(lines, world, asked)
        world.wait(*UNFINISHED)
        broken = _broken_books()
    again = _start_again(asked.rounds)
    fresh += _start_anew(asked.rounds - 1)
    text = _page(lines, rounds, fresh, again, broken)
    print(text)
    if not asked.words and all(any(one.counts for one in part) for part in rounds.values()):
        PAGE.write_text(text)
    for one in report.missed(lines, rounds):
        print(f"MISSED: {one}")
    return 1 if broken else 0


def _measure(lines: Sequence[Line], world: World, asked: argparse.Namespace) -> dict[tuple[str, str], list[Measured]]:
    rounds: dict[tuple[str, str], list[Measured]] = {}
    for number in range(asked.rounds):
        _await_quiet(asked.patience, world.supervisor)
        for line in lines:
            for part, run in line.parts(number):
                measured = _once(run, world, count_bench=part in line.worked_here)
                rounds.setdefault((line.name, part), []).append(measured)
                print(
                    f"  round {number + 1}  {line.name}, {part}: {measured.timing.rate:,.0f} {line.unit}/s"
                    f"{'' if measured.counts else f', dropped: others had {measured.foreign:.0%} of the processors'}",
                    flush=True,
                )
            line.settle()
    return rounds


def _once(run: Run, world: World, *, count_bench: bool) -> Measured:
    with metered(world.supervisor) as spent:
        timing = run()
    ours = spent.world + (spent.bench if count_bench else 0.0)
    return Measured(timing, ours * 1000 / timing.operations, spent.foreign)


def _await_quiet(patience: float, supervisor: int | None = None) -> None:
    if not await_quiet(patience, supervisor):
        print("The machine does not get quiet: rounds in which others work too much are dropped.")


def _start_again(count: int) -> list[float]:
    """Return how long the world that is there takes to start, so many times."""
    return [_started_in(DIRECTORY) for _ in range(count)]


def _start_anew(count: int) -> list[float]:
    """Return how long new worlds take to start, so many of them."""
    taken = []
    for _ in range(count):
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        taken.append(_started_in(DIRECTORY))
    return taken


def _started_in(directory: Path) -> float:
    with running(directory) as world:
        return world.started_in


def _broken_books() -> list[str]:
    with session_scope() as session:
        return [checked.name for checked in check_invariants(session) if not checked.holds]


def _named(name: str, words: Sequence[str]) -> bool:
    return any(word in name for word in words)


def _page(
    lines: Sequence[Line], rounds: report.Rounds, fresh: list[float], again: list[float], broken: Sequence[str]
) -> str:
    table = [report.HEADER, tuple("---" for _ in report.HEADER), *report.rows(lines, rounds)]
    return PAGE_TEXT.format(
        day=datetime.now(tz=UTC), machine=described(), python=sys.version.split()[0],
        rounds=max(map(len, rounds.values())),
        table="\n".join(f"| {' | '.join(row)} |" for row in table), fresh=median(fresh), again=median(again),
        books=f"BROKEN: {'; '.join(broken)}" if broken else "every invariant holds",
    )  # fmt: skip


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.cli",
        description="Measures ours and the bare limit in turn on a fresh world, checks the books, and writes"
        " docs/measured.md when all lines were measured on a quiet machine. Tells which aims were missed; ends with"
        " 1 only when the books do not hold.",
    )
    names = ", ".join(f"'{line.name}'" for line in LINES)
    parser.add_argument("words", nargs="*", metavar="WORD", help=f"only lines with one of these in their name: {names}")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument(
        "--patience", type=float, default=120.0, metavar="SECONDS",
        help="how long to wait for a quiet machine before each round (default: 120)",
    )  # fmt: skip
    asked = parser.parse_args()
    if asked.words and not any(_named(line.name, asked.words) for line in LINES):
        parser.error(f"no line has {' or '.join(map(repr, asked.words))} in its name: {names}")
    return asked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as failure:
        sys.exit(f"What was measured did not work: {failure}")
