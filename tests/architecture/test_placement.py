"""Whatever is built has its place in the contracts of pyproject.toml; and the contracts are able to break."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, tracked_files

PLUMBING = {"kernel", "infra", "gateways", "web"}
NOT_IMPORTED = {"tests", "migrations", "bench"}


@pytest.fixture(scope="module")
def contracts():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return config | {contract["id"]: contract for contract in config["contracts"]}


def packages_in(folder):
    made = {path.parts for path in tracked_files() if path.name == "__init__.py"}
    depth = len(Path(folder).parts) + 1
    return {parts[depth - 1] for parts in made if len(parts) > depth and parts[: depth - 1] == Path(folder).parts}


def test_every_package_of_the_repository_is_looked_at(contracts):
    assert packages_in("") - NOT_IMPORTED == set(contracts["root_packages"])


def test_the_packages_beside_the_house_are_outsiders(contracts):
    assert set(contracts["outsiders"]["source_modules"]) == set(contracts["root_packages"]) - {"app", "tasks"}


def test_every_room_is_named_where_shelves_are_checked(contracts):
    rooms = {f"app.{name}" for name in packages_in("app") - PLUMBING}
    assert rooms <= set(contracts["shelves"]["containers"])
    assert contracts["shelves"]["containers"] == contracts["private"]["rooms"]


STRAYS = {
    "a lower floor imports an upper one": ("app/kernel/stray.py", "import app.web.schemas\n", "floors"),
    "a folder that nobody placed": ("app/annex/__init__.py", "", "floors"),
    "a shelf that nobody placed": ("app/ops/drawer.py", "", "shelves"),
    "events that import the door": ("app/ops/routes.py", "", "app/ops/events.py", "import app.ops.routes\n", "shelves"),
    "models of another room": ("app/ops/models.py", "", "tasks/stray.py", "import app.ops.models\n", "private"),
    "a task started by hand": ("app/web/stray.py", "import tasks.worker\n", "stairs"),
    "Celery below the stairs": ("app/infra/stray.py", "import celery\n", "stairs"),
    "an outsider that looks inside": ("embedded/stray.py", "import app.kernel.money\n", "outsiders"),
    "Flask in the plumbing": ("app/infra/stray.py", "import flask\n", "flask"),
    "Flask in a use case": ("app/ops/service.py", "from flask import g\n", "flask"),
    "SQL at the door": ("app/ops/routes.py", "import sqlalchemy\n", "doors"),
    "a rule that asks the database": ("app/ops/rules.py", "import app.infra.db\n", "pure"),
    "a kernel with a library": ("app/kernel/stray.py", "import sqlalchemy\n", "kernel"),
    "a client of its own": ("app/ops/service.py", "import httpx\n", "http"),
}


@pytest.mark.parametrize("stray", STRAYS.values(), ids=STRAYS.keys())
def test_a_contract_breaks_on(stray, tmp_path):
    *files, contract = stray
    for package in ("app", "tasks", "embedded", "sandbox", "demo", "mutants", "tests/architecture"):
        if (ROOT / package).exists():
            shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, text in zip(files[::2], files[1::2], strict=True):
        target = tmp_path / path
        target.parent.mkdir(exist_ok=True)
        target.write_text((target.read_text() if target.exists() else "") + text)
    linted = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--contract",
            contract,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "BROKEN" in linted.stdout
