"""The hunt: a copy of the tree with one lie in it, and the tests run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parent.parent
#: What pytest answers (docs.pytest.org, "Exit codes").
PASSED, FAILED = 0, 1


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    KILLED_ELSEWHERE = "killed, but not by the tests that should"
    SURVIVED = "SURVIVED: no test saw it"
    BROKEN = "BROKEN: the tests could not run at all"

    @property
    def is_well(self) -> bool:
        """Tell whether the tests have seen it."""
        return self in {Fate.KILLED, Fate.KILLED_ELSEWHERE}


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """Copy every file that git tracks, as it is now, to a directory that is gone afterwards."""
    names = subprocess.run(
        [shutil.which("git") or "git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    with tempfile.TemporaryDirectory(prefix="amana-mutants-") as directory:
        tree = Path(directory, "amana")
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        _git("init", "--quiet", tree=tree)
        _git("add", ".", tree=tree)  # the tests of the architecture look at what git tracks
        yield tree


def hunt(mutant: Mutant, tree: Path) -> tuple[Fate, str]:
    """Plant the lie, run the tests, take it out again; return what became of it and how the tests ended."""
    path = tree / mutant.path
    honest, lying = path.read_text(), mutant.applied_to(tree)
    path.write_text(lying)
    try:
        for tests, fate in ((mutant.tests, Fate.KILLED), ("tests", Fate.KILLED_ELSEWHERE)):
            code, output = run(tests, tree)
            if code != PASSED:
                return (fate if code == FAILED else Fate.BROKEN), output
    finally:
        path.write_text(honest)
    return Fate.SURVIVED, output


def run(tests: str, tree: Path) -> tuple[int, str]:
    """Run tests until the first fails; return pytest's exit code and its last lines."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests.split()]
    done = subprocess.run(
        command, cwd=tree, env=os.environ | {"PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False
    )
    return done.returncode, "\n".join((done.stdout + done.stderr).rstrip().splitlines()[-5:])


def _git(*arguments: str, tree: Path) -> str:
    command = [shutil.which("git") or "git", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout
