"""`make bench`: measure, compare, check the books; only this writes docs/measured.md."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from app.infra.db import session_scope
from app.ops.books import check_invariants
from bench import report
from bench.line import Line
from bench.lines.bookings import Bookings
from bench.lines.deliveries import Deliveries, Starts
from bench.lines.postings import Postings
from bench.lines.slots import Slots
from bench.lines.startup import Startup
from bench.lines.webhooks import Webhooks
from bench.machine import described
from bench.measuring import Rounds, all_count, measure, wait_for_quiet
from bench.scene import UNFINISHED, set_scene
from bench.world import BROUGHT, ROOT, Broken, running

LINES: Sequence[type[Webhooks | Bookings | Postings | Deliveries | Starts | Slots]] = (
    Webhooks, Bookings, Postings, Deliveries, Starts, Slots,
)  # fmt: skip
ROUNDS = 3
tell = partial(print, flush=True)
DIRECTORY = ROOT / ".run/bench"
PAGE = ROOT / "docs/measured.md"
PAGE_TEXT = """\
# Measured

Written by `make bench` on {day:%Y-%m-%d}: {machine}, Python {python}. Eight connections, two processes of the API, four
of the worker, and everything on this one machine, the client too. Medians of {rounds} rounds; the share of a limit is
taken within each round. CPU-ms are those of all processes that do the work, PostgreSQL and the broker included, without
the client that asks for it. The relay is paused while requests are counted; what they left to do is done afterwards.
All deliveries are recorded at once, so that their times are those of a queue; Celery keeps none of a task.
A start-up goes from the command to the last process that is ready, the servers' own start included.
Where a repeated webhook writes a row, or a hot slot is booked more than once, there is an error instead of this page.
Where the time goes, and what was done about it, stands in [ADR 0015](adr/0015-where-the-time-goes.md).

{table}

The books afterwards: {books}.
"""


def main() -> int:
    """Measure what was asked for; 1 when the books do not hold. A missed aim is told, and fails nothing."""
    asked = _parse()
    if BROUGHT:
        print(f"The bench runs on servers of its own, and leaves those of {', '.join(BROUGHT)} alone.")
    lines, rounds, broken = _in_one_world(asked)
    if _is_asked_for(Startup.name, asked.words):
        startup = Startup(DIRECTORY)
        lines.append(startup)
        rounds |= measure([startup], asked.rounds, tell, supervisor=None, patience=asked.patience)
    text = _page(lines, rounds, broken)
    print(text)
    if not asked.words and asked.rounds >= ROUNDS and all_count(rounds.values()):
        PAGE.write_text(text)
    for one in report.missed(lines, rounds):
        print(f"MISSED: {one}")
    return 1 if broken else 0


def _in_one_world(asked: argparse.Namespace) -> tuple[list[Line], Rounds, list[str]]:
    """Measure the lines that share a world; return them, what was found, and what does not hold of the books."""
    wait_for_quiet(asked.patience, tell)
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    with running(DIRECTORY) as world:
        tell("a world is there; setting the scene")
        scene = set_scene(world)
        lines: list[Line] = [line(scene) for line in LINES if _is_asked_for(line.name, asked.words)]
        rounds = measure(lines, asked.rounds, tell, supervisor=world.supervisor, patience=asked.patience)
        world.wait(*UNFINISHED)
        return lines, rounds, _broken_books()


def _broken_books() -> list[str]:
    with session_scope() as session:
        return [checked.name for checked in check_invariants(session) if not checked.holds]


def _is_asked_for(name: str, words: Sequence[str]) -> bool:
    return not words or any(word in name for word in words)


def _page(lines: Sequence[Line], rounds: Rounds, broken: Sequence[str]) -> str:
    table = [report.HEADER, tuple("---" for _ in report.HEADER), *report.rows(lines, rounds)]
    return PAGE_TEXT.format(
        day=datetime.now(tz=UTC), machine=described(), python=sys.version.split()[0],
        rounds=max(map(len, rounds.values())), table="\n".join(f"| {' | '.join(row)} |" for row in table),
        books=f"BROKEN: {'; '.join(broken)}" if broken else "every invariant holds",
    )  # fmt: skip


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.cli",
        description="Measures ours and the bare limit in turn on a fresh world, checks the books, and writes"
        f" docs/measured.md when all lines were measured on a quiet machine, {ROUNDS} rounds at least. Tells which aims"
        " were missed; ends with 1 only when the books do not hold.",
    )
    every = [line.name for line in (*LINES, Startup)]
    names = ", ".join(map(repr, every))
    parser.add_argument("words", nargs="*", metavar="WORD", help=f"only lines with one of these in their name: {names}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is measured (default: %(default)s)")
    parser.add_argument(
        "--patience", type=float, default=120.0, metavar="SECONDS",
        help="how long to wait for a quiet machine before each round (default: 120)",
    )  # fmt: skip
    asked = parser.parse_args()
    if not any(_is_asked_for(name, asked.words) for name in every):
        parser.error(f"no line has {' or '.join(map(repr, asked.words))} in its name: {names}")
    return asked


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as failure:
        sys.exit(f"What was measured did not work: {failure}")
