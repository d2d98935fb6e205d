"""The demo knows the product by its address alone: what it plays, anybody's client can."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, Source, python_files

OWN_CODE = {"app", "tasks", "sandbox", "embedded", "wsgi", "celeryconfig", "migrations", "tests"}
ALLOWED = {*sys.stdlib_module_names, "demo", "psycopg"}

FILES = [source for source in python_files() if source.below("demo")]


@pytest.mark.parametrize("source", FILES, ids=lambda source: str(source.path))
def test_it_imports_nothing_but_the_standard_library_and_a_database_driver(source: Source):
    assert {name.split(".")[0] for name in source.imported.values()} <= ALLOWED


def test_nothing_of_ours_is_loaded_when_it_runs():
    show = "import sys, demo.__main__, demo.seed; print(*{name.split('.')[0] for name in sys.modules})"
    shown = subprocess.run([sys.executable, "-c", show], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(shown.stdout.split())
    assert "demo" in loaded
    assert not loaded & OWN_CODE
