"""`make demo` as README.md tells of it."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.demo.conftest import ROOT


@pytest.mark.parametrize(
    ("wishes", "is_kept"), [([], False), (["KEEP="], False), (["KEEP=0"], False), (["KEEP=1"], True)]
)
def test_the_world_of_the_demo_is_kept_for_whoever_asks_for_it(wishes, is_kept):
    ours = {"KEEP", "MAKEFLAGS", "MAKELEVEL"}  # the last two where `make test` runs this
    without_wishes = {name: value for name, value in os.environ.items() if name not in ours}
    told = subprocess.run(
        ["make", "--dry-run", "demo", *wishes], cwd=ROOT, env=without_wishes, check=True, capture_output=True, text=True
    )
    *_, command = told.stdout.splitlines()
    assert "-m embedded up" in command
    assert ("--keep" in command.split()) == is_kept
