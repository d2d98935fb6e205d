"""The whole world, started as `make up` starts it, for all tests of this folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.environment import ENVIRONMENT

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = STOP_SECONDS = 600
PLAY_SECONDS = 1800  # a story of seconds; a busy machine takes its time
#: For a play in which all must come that is awaited.
PATIENT = ("--patience", "600")

#: What other tests of this process may have set for themselves, and a world of its own must not inherit.
FOREIGN = {*ENVIRONMENT, "DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL", "AMANA_WORLD", "PORT"}


@dataclass(frozen=True)
class RunningWorld:
    """A world in a directory of its own, and the commands that one plays in it."""

    directory: Path

    @property
    def file(self) -> Path:
        return self.directory / "world.json"

    @cached_property
    def described(self) -> dict[str, Any]:
        return json.loads(self.file.read_text())

    def begin(self, *command: str) -> subprocess.Popen[str]:
        """Start a module of the demo here, as the supervisor does: its output is no terminal."""
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=environment() | {"AMANA_WORLD": str(self.file)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def play(self, *command: str) -> Played:
        """Run a module of the demo to its end."""
        began = time.monotonic()
        return replace(ended(self.begin(*command)), seconds=time.monotonic() - began)


@dataclass(frozen=True)
class Played:
    """How a play ended, what was seen of it, and how long it took."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float = 0.0


def ended(play: subprocess.Popen[str]) -> Played:
    """Wait for the end of a play."""
    try:
        stdout, stderr = play.communicate(timeout=PLAY_SECONDS)
    finally:
        play.kill()
    return Played(play.returncode, stdout, stderr)


def failed(played: Played) -> str:
    """Return what a play told that failed, as it must: with sentences, and without a traceback."""
    assert played.returncode == 1, played.stdout + played.stderr
    assert "FAILED after" in played.stdout
    assert "All of it held" not in played.stdout
    assert "Traceback" not in played.stdout + played.stderr
    return played.stdout


@pytest.fixture(scope="session")
def played(world: RunningWorld) -> Played:
    """The whole story, played once for all who look at it."""
    return world.play("demo", *PATIENT)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorld]:
    """Start everything but Flower, and leave nothing behind."""
    running = RunningWorld(tmp_path_factory.mktemp("world") / "run")
    told = running.directory.with_suffix(".log")
    command = [sys.executable, "-m", "embedded", "up", "--without", "flower", "--directory", str(running.directory)]
    with told.open("wb") as log:
        supervisor = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=log, stderr=log)
    try:
        await_start(running, supervisor, told)
        yield running
    finally:
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(STOP_SECONDS)
        clean = [sys.executable, "-m", "embedded", "clean", "--directory", str(running.directory)]
        subprocess.run(clean, cwd=ROOT, env=environment(), check=True)


def await_start(running: RunningWorld, supervisor: subprocess.Popen[bytes], told: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not running.file.exists():
        assert supervisor.poll() is None, told.read_text()
        assert time.monotonic() < deadline, told.read_text()
        time.sleep(0.05)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}
