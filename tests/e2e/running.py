"""A whole world of processes: the supervisor's own, in a directory of its own, with short leases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from app.infra import config
from tests.conftest import ROOT, forget_connections
from tests.environment import ENVIRONMENT

START_SECONDS = STOP_SECONDS = WORK_SECONDS = 600
LOOK_SECONDS = 0.005
IN_HAND = "SELECT 1 FROM delivery WHERE state IN ('published', 'running') LIMIT 1"
#: Short enough that what a killed worker held comes back while the test looks on, and longer than any task takes: work
#: that loses its lease before it is done is done once more, and so on for ever.
LEASE_SECONDS = 10
TUNING = {
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "PUBLISHED_PATIENCE_SECONDS": "8",
    "PAY_LINK_MINUTES": "1440",  # people pay in time, however long the way to the link is; the days are five of these
    "RETRY_BASE_SECONDS": "0",
    "SWEEP_SECONDS": "1",
    "LOG_LEVEL": "WARNING",
    "WEB_WORKERS": "1",
}


@dataclass
class RunningWorld:
    """A world that runs; `facts` are those of its world.json, read anew: processes come and go."""

    directory: Path
    supervisor: subprocess.Popen[str]

    @property
    def facts(self) -> dict[str, Any]:
        """Return world.json as it is now."""
        read: dict[str, Any] = json.loads((self.directory / "world.json").read_text())
        return read

    @property
    def api(self) -> str:
        """Return the address below which all routes of the API lie."""
        return f"{self.facts['api']}/api/v1"

    def pid(self, name: str) -> int:
        """Return the main process of this name."""
        return int(self.facts["pids"][name])

    def living(self, name: str) -> int | None:
        """Return the main process of this name; None while it is dead and not started again yet."""
        pid = self.pid(name)
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return None if state.stdout[:1] in ("", "Z") else pid

    def children(self, name: str) -> list[int]:
        """Return the processes that the main process of this name started."""
        found = subprocess.run(["pgrep", "-P", str(self.pid(name))], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def await_work(self) -> bool:
        """Return as soon as the database shows a delivery published or running; False when none comes.

        A database that is away is waited for, too.
        """
        end = time.monotonic() + WORK_SECONDS
        while time.monotonic() < end:
            with suppress(psycopg.OperationalError), self._database() as connection:
                while time.monotonic() < end:
                    if connection.execute(IN_HAND).fetchone():
                        return True
                    time.sleep(LOOK_SECONDS)
            time.sleep(LOOK_SECONDS)
        return False

    def _database(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.facts["database_url"], autocommit=True, connect_timeout=30)


@contextmanager
def running_world(directory: Path) -> Iterator[RunningWorld]:
    """Start a world and use its database in this process too; end it, and see that it ends well."""
    command = [sys.executable, "-m", "embedded", "up", "--without", "flower", "--directory", str(directory)]
    clean = {name: value for name, value in os.environ.items() if name not in SERVICES}
    log = (directory.parent / f"{directory.name}.log").open("w+")
    supervisor = subprocess.Popen(command, cwd=ROOT, env=clean | TUNING, stdout=log, stderr=log, text=True)
    try:
        _await_start(directory, supervisor, Path(log.name))
        world = RunningWorld(directory, supervisor)
        secrets = json.loads((directory / "secrets.json").read_text())
        _speak_as(world.facts, secrets["secret_key"])
        yield world
    finally:
        forget_connections()
        supervisor.send_signal(signal.SIGTERM)
        supervisor.wait(STOP_SECONDS)
        log.close()


SERVICES = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL", *ENVIRONMENT)


def _await_start(directory: Path, supervisor: subprocess.Popen[str], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while "Ctrl-C" not in log.read_text():
        assert supervisor.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
    assert (directory / "world.json").exists()


def _speak_as(facts: dict[str, Any], secret_key: str) -> None:
    """Point this process's settings at the world, so that factories write into its database and sign its tokens."""
    addresses = {
        "DATABASE_URL": facts["database_url"],
        "BROKER_URL": facts["broker_url"],
        "PUBLIC_URL": facts["api"],
    }
    os.environ.update(ENVIRONMENT | addresses | {"SECRET_KEY": secret_key})
    forget_connections()
    config.settings.cache_clear()
