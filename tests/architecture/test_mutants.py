"""Mutants fit the code they lie about, and the hunt tells those that were found out from those that were not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from mutants.catalogue import MUTANTS
from mutants.cli import hunt_all
from mutants.mutant import DoesNotFit, Mutant
from tests.architecture.sources import ROOT
from tests.patience import eventually


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_changes_its_file_in_one_place(mutant: Mutant) -> None:
    assert mutant.applied_to(ROOT) != (ROOT / mutant.path).read_text()
    assert all((ROOT / test).exists() for test in mutant.tests.split())


def test_a_mutant_whose_text_is_gone_says_so() -> None:
    with pytest.raises(DoesNotFit, match="stands 0 times in Makefile"):
        Mutant("gone", "Makefile", "no such text", "", "tests").applied_to(ROOT)


def test_there_are_twenty_five_at_least_and_each_has_its_own_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25


# --- the hunt --------------------------------------------------------------------------------------------------------

SMALL_HOUSE = {
    "pytest.ini": "[pytest]\naddopts = --disable-plugin-autoload",  # they take seconds to load
    "purse.py": """\
# Coins are whole.
def opened():
    return {"coins": 0}

def filled(purse, coins):
    return {"coins": purse["coins"] + coins}
""",
    "tests/test_purse.py": """\
import pytest
import purse

@pytest.fixture
def opened():
    return purse.filled(purse.opened(), 1)

def test_an_opened_purse_has_a_coin(opened):
    assert opened["coins"] > 0

def test_what_comes_is_added():
    assert purse.filled({"coins": 1}, 2) == {"coins": 3}
""",
    "tests/architecture/test_mutants.py": """\
from pathlib import Path

def test_the_texts_of_all_lies_are_there():
    text = Path("purse.py").read_text()
    assert all(old in text for old in ("Coins", "0}", "+ coins"))
""",
}
LIES = {
    "what comes is not added": ('purse["coins"] + coins', 'purse["coins"]', "killed"),
    "no purse is made ready, and nothing is added": ('purse["coins"] + coins', "purse.coins", "killed"),
    "another word": ("# Coins are", "# Pennies are", "SURVIVED"),
    "no purse is made ready": ('return {"coins": 0}', "return {}", "BROKEN"),
    "no Python": ("def opened()", "define opened()", "BROKEN"),
}


@pytest.fixture
def small_house(tmp_path: Path) -> Path:
    """Return a tree as small as can be, in which the hunt runs as in ours."""
    for path, text in SMALL_HOUSE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    shutil.copytree(ROOT / "mutants", tmp_path / "mutants", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_only_a_test_that_fails_finds_a_lie_out(small_house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What changes nothing survives, though its text is gone; where no test could begin, none has seen anything."""
    assert hunt_all([Mutant(name, "purse.py", old, new, "tests") for name, (old, new, _) in LIES.items()], small_house)
    told = capsys.readouterr().out
    fates = dict(re.findall(r" s  (.*) \(purse.py\): (\w+)", told))
    assert fates == {name: fate for name, (_, _, fate) in LIES.items()}
    assert told.endswith("2 of 5 were found out.\n")
    assert (small_house / "purse.py").read_text() == SMALL_HOUSE["purse.py"]


WAITING = """\
import os, pathlib, time

def test_it():
    pathlib.Path("pid").write_text(str(os.getpid()))
    time.sleep(3600)
"""


def test_a_hunt_that_is_killed_leaves_no_tests_running(small_house: Path) -> None:
    (small_house / "tests/test_purse.py").write_text(WAITING)
    program = "from mutants.hunt import Path, run; run('tests/test_purse.py', Path.cwd())"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    written = small_house / "pid"
    with subprocess.Popen([sys.executable, "-c", program], cwd=small_house, env=environment) as hunting:
        eventually(lambda: written.exists() and written.read_text() != "")
        hunting.kill()
    eventually(lambda: not is_running(int(written.read_text())))


def is_running(pid: int) -> bool:
    """Tell whether there is such a process, and it is more than what its parent has not asked for yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_hunt_ends_well_when_every_lie_is_found_out_in_a_tree_that_is_honest(small_house: Path) -> None:
    lie = Mutant("one coin", "purse.py", 'purse["coins"] + coins', "1", "tests")
    assert hunt_all([lie], small_house) == 0
    (small_house / "purse.py").write_text(SMALL_HOUSE["purse.py"].replace("0}", "-9}"))
    assert hunt_all([lie], small_house) == 1
