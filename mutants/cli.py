"""`make mutants`: plant each lie, run its tests, and end with 0 only if every lie was found out."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mutants.catalogue import MUTANTS
from mutants.hunt import PASSED, Fate, copy_of_the_tree, hunt, run
from mutants.mutant import Mutant


def main() -> int:
    """Hunt the mutants that were named, or all."""
    chosen = _parse()
    with copy_of_the_tree() as tree:
        return hunt_all(chosen, tree)


def hunt_all(chosen: Sequence[Mutant], tree: Path) -> int:
    """Hunt mutants one after the other, and tell of each; 0 if every one was found out, else 1."""
    print(f"{len(chosen)} mutants. First the tests without any, which must pass.", flush=True)
    began = time.monotonic()
    code, output = run(" ".join(sorted({mutant.tests for mutant in chosen})), tree)
    if code != PASSED:
        print(f"They do not, so nothing can be told of mutants:\n{output}")
        return 1
    print(f"  {time.monotonic() - began:5.1f} s  passed", flush=True)
    lived = [mutant for mutant in chosen if not _is_found_out(mutant, tree)]
    print(f"{len(chosen) - len(lived)} of {len(chosen)} were found out.")
    return 1 if lived else 0


def _is_found_out(mutant: Mutant, tree: Path) -> bool:
    began = time.monotonic()
    fate, output = hunt(mutant, tree)
    print(f"  {time.monotonic() - began:5.1f} s  {mutant.name} ({mutant.path}): {fate.value}", flush=True)
    if fate != Fate.KILLED:
        print(output, flush=True)
    return fate == Fate.KILLED


def _parse() -> list[Mutant]:
    parser = argparse.ArgumentParser(
        prog="python -m mutants.cli",
        description="Plants lies about money, delivery and states in a copy of the tree, one after the other, and sees"
        " whether the tests find them out. Ends with 0 if every lie was found out.",
    )
    parser.add_argument("words", nargs="*", metavar="WORD", help="hunt only mutants with one of these in their name")
    parser.add_argument("--list", action="store_true", help="list them and end")
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not asked.words or any(word in mutant.name for word in asked.words)]
    if asked.list:
        print("\n".join(f"{mutant.name}: {mutant.path}" for mutant in chosen))
        sys.exit(0)
    if not chosen:
        parser.error(f"no mutant has {' or '.join(map(repr, asked.words))} in its name: see --list")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
