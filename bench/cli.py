"""`make bench`: measure, compare, check the books; only this writes docs/measured.md."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

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
from bench.timing import Measured
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
taken within each round. CPU-ms are those of all our processes and PostgreSQL. The relay is paused while requests are
counted; what they left to do is done afterwards. Where the time goes, and what was done about it, stands in
[ADR 0015](adr/0015-where-the-time-goes.md).

{table}

From the command to a world that is ready: {fresh:.1f} s with a new database, {again:.1f} s with one that is there.

The books afterwards: {books}.
"""


def main() -> int:
    """Measure what was asked for; 1 when the books do not hold. A missed aim is told, and fails nothing."""
    asked = _parse()
    if BROUGHT:
        print(f"The bench runs on servers of its own, and leaves those of {', '.join(BROUGHT)} alone.")
    if not await_quiet():
        print("The machine does not get quiet: rounds in which others work too much are dropped.")
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    with running(DIRECTORY) as world:
        fresh = world.started_in
        print(f"started in {fresh:.1f} s with a new database; setting the scene", flush=True)
        scene = set_scene(world)
        lines: list[Line] = [line(scene) for line in LINES if not asked.words or _named(line.name, asked.words)]
        rounds = _measure(lines, world, asked.rounds)
        world.wait(*UNFINISHED)
        broken = _broken_books()
    with running(DIRECTORY) as world:
        again = world.started_in
    text = _page(lines, rounds, fresh, again, broken)
    print(text)
    if not asked.words and all(any(parts) for parts in rounds.values()):
        PAGE.write_text(text)
    for one in report.missed(lines, rounds):
        print(f"MISSED: {one}")
    return 1 if broken else 0


def _measure(lines: Sequence[Line], world: World, count: int) -> dict[tuple[str, str], list[Measured | None]]:
    rounds: dict[tuple[str, str], list[Measured | None]] = {}
    for number in range(count):
        for line in lines:
            for part, run in line.parts(number):
                measured = _once(run, world)
                kept = measured.foreign <= report.MOST_FOREIGN
                rounds.setdefault((line.name, part), []).append(measured if kept else None)
                print(
                    f"  round {number + 1}  {line.name}, {part}: {measured.timing.rate:,.0f} {line.unit}/s"
                    f"{'' if kept else f', dropped: others had {measured.foreign:.0%} of the processors'}",
                    flush=True,
                )
            line.settle()
    return rounds


def _once(run: Run, world: World) -> Measured:
    with metered(world.supervisor) as spent:
        timing = run()
    return Measured(timing, spent.world * 1000 / timing.operations, spent.foreign)


def _broken_books() -> list[str]:
    with session_scope() as session:
        return [checked.name for checked in check_invariants(session) if not checked.holds]


def _named(name: str, words: Sequence[str]) -> bool:
    return any(word in name for word in words)


def _page(lines: Sequence[Line], rounds: report.Rounds, fresh: float, again: float, broken: Sequence[str]) -> str:
    table = [report.HEADER, tuple("---" for _ in report.HEADER), *report.rows(lines, rounds)]
    return PAGE_TEXT.format(
        day=datetime.now(tz=UTC), machine=described(), python=sys.version.split()[0],
        rounds=max(map(len, rounds.values())),
        table="\n".join(f"| {' | '.join(row)} |" for row in table), fresh=fresh, again=again,
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
    asked = parser.parse_args()
    if asked.words and not any(_named(line.name, asked.words) for line in LINES):
        parser.error(f"no line has {' or '.join(map(repr, asked.words))} in its name: {names}")
    return asked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as failure:
        sys.exit(f"What was measured did not work: {failure}")
