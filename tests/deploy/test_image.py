"""The Dockerfile copies what the processes need, and no more; nobody there is root, and nothing there compiles."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.procfile import read_procfile
from tests.architecture.sources import ROOT, tracked_files
from tests.deploy.test_env_example import filled

DOCKERFILE = (ROOT / "Dockerfile").read_text()
BUILD, FINAL = DOCKERFILE.rsplit("\nFROM ", 1)
COPIED = [name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", BUILD, re.MULTILINE) for name in line.split()]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """Lay out what the image holds, bytecode and caches apart."""
    made = tmp_path_factory.mktemp("image")
    for path in tracked_files():
        if any(path.is_relative_to(name) for name in COPIED):
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, made / path)
    return made


@pytest.mark.parametrize("modules", ["wsgi", "tasks.worker, celeryconfig", "tasks.relay", "flower"])
def test_what_is_copied_is_enough_to_start(image, example, modules):
    """By import: that is where a missing file would show."""
    program = f"import sys; sys.path.insert(0, '.'); import {modules}"
    if "worker" in modules:
        program += "; tasks.worker.app.loader.import_default_modules()"
    command = [sys.executable, "-I", "-c", program]
    ran = subprocess.run(command, cwd=image, env=filled(example), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_migrations_are_there(image, example):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "heads"]
    ran = subprocess.run(command, cwd=image, env=filled(example), capture_output=True, text=True, check=False)
    assert "(head)" in ran.stdout, ran.stderr


def test_tests_and_stand_ins_stay_outside():
    assert not set(COPIED) & {"tests", "embedded", "sandbox", "demo", ".", "requirements-dev.txt"}


def test_the_builder_is_given_what_is_copied_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert [line for line in lines if line and line[0] not in "#!"] == ["*", "**/__pycache__"]
    assert {line[1:] for line in lines if line.startswith("!")} == set(COPIED)


def test_the_second_stage_installs_nothing_takes_the_installer_away_and_is_not_root():
    assert "pip uninstall" in FINAL
    assert "rm -rf /usr/local/lib/python3.11/ensurepip" in FINAL  # it would bring them back
    assert not re.search(r"pip install|apt-get|COPY (?!--from=build)", FINAL)
    assert re.search(r"^USER 10001$", FINAL, re.MULTILINE)
    assert FINAL.index("USER 10001") < FINAL.index("CMD")


def test_it_is_slim_and_of_the_python_that_types_are_checked_for():
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(bases) == {"python:3.11-slim"}
    assert 'python_version = "3.11"' in (ROOT / "pyproject.toml").read_text()


def test_without_a_command_it_is_the_api():
    command = re.search(r"^CMD \[(.+)\]$", FINAL, re.MULTILINE)[1]
    assert tuple(re.findall(r'"([^"]+)"', command)) == read_procfile(ROOT / "Procfile")["api"]
