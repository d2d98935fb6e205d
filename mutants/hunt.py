"""The hunt: a copy of the tree with one lie in it, and the tests run there that ought to find it out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from embedded.lifeline import spawn
from mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parent.parent
#: What pytest answers (docs.pytest.org, "Exit codes"); that a test failed, and not only what it needs, see verdict.py.
PASSED, FAILED = 0, 1
#: It compares the catalogue with the code, so every lie breaks it: that would prove nothing.
LEFT_OUT = "tests/architecture/test_mutants.py"


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED: none of its tests saw it"
    BROKEN = "BROKEN: no test failed, but not all could run"


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
    """Plant the lie, run its tests, take it out again; return what became of it and how the tests ended."""
    path = tree / mutant.path
    honest, lying = path.read_text(), mutant.applied_to(tree)
    path.write_text(lying)
    try:
        code, output = run(mutant.tests, tree)
    finally:
        path.write_text(honest)
    return {PASSED: Fate.SURVIVED, FAILED: Fate.KILLED}.get(code, Fate.BROKEN), output


def run(tests: str, tree: Path) -> tuple[int, str]:
    """Run tests until the first fails; return pytest's exit code and its last lines."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "mutants.verdict",
        f"--ignore={LEFT_OUT}", *tests.split(),
    ]  # fmt: skip
    # What pytest was told for other runs (workers, plugins) is nothing to this one.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # It may wait for minutes for what a lie keeps away, and must not do so without us. Not as by Ctrl-C, which the
    # background job of a script ignores, and all below it; the servers that it has started end with it.
    pytest = spawn(
        command, signal.SIGTERM, cwd=tree, env=environment | {"PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said = pytest.communicate()[0].decode(errors="replace")
    return pytest.returncode, "\n".join(said.rstrip().splitlines()[-20:])


def _git(*arguments: str, tree: Path) -> str:
    command = [shutil.which("git") or "git", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout
