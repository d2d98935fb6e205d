"""The world that is measured: the supervisor's own, fresh, without Flower."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from embedded.given import GIVEN
from embedded.lifeline import spawn

#: Servers of whoever runs the bench. It fills a database and stops processes, so it never uses them.
BROUGHT = tuple(name for name in GIVEN if os.environ.get(name))
#: Ours as it was before we took the settings of a world.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in GIVEN}
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 600.0
STOP_SECONDS = 120.0
#: Two processes of the API, as the aims are meant; sweeps as seldom as in production. A worker's process waits for the
#: disk at each commit: two for each processor keep it busy.
TUNING = {"LOG_LEVEL": "WARNING", "WEB_WORKERS": "2", "SWEEP_SECONDS": "5", "WORKER_CONCURRENCY": "4"}
#: Business time is the machine's own there: no transaction looks how far it was moved. What production demands besides,
#: and nobody calls.
AS_IN_PRODUCTION = {
    "AMANA_ENV": "production",
    **dict.fromkeys(("PUBLIC_URL", "FRONTEND_URL", "KONNECT_BASE_URL"), "https://amana.invalid"),
    **{f"GOOGLE_{name}_URL": "https://amana.invalid" for name in ("AUTH", "TOKEN", "REVOKE", "USERINFO", "CALENDAR")},
}


class Broken(Exception):
    """What was measured did not do what it should: the numbers mean nothing."""


@dataclass(frozen=True)
class World:
    """A world that runs. `started_in`: seconds from the command to the last process that is ready."""

    facts: dict[str, Any]
    supervisor: int
    started_in: float

    @property
    def api(self) -> str:
        """Return where the API is reached."""
        return str(self.facts["api"])

    @property
    def database_url(self) -> str:
        """Return the address of the database, as the runtime role."""
        return str(self.facts["database_url"])

    @contextmanager
    def paused(self, *names: str) -> Iterator[None]:
        """Stop processes, so that what they would do in the background costs nothing now, and let them go on."""
        pids = [int(self.facts["pids"][name]) for name in names]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def without_relay(self) -> Iterator[None]:
        """Pause the relay. As under load it is said to be awake, so that nobody needs to wake it."""
        with self.paused("relay"):
            self.value("UPDATE relay_sleep SET sleeping = false")
            yield

    def value(self, query: str, *parameters: object) -> Any:
        """Return the first value of a query, as the owner of the database."""
        with psycopg.connect(self.facts["database_owner_url"], autocommit=True) as connection:
            found = connection.execute(query, parameters)
            return found.fetchone()[0] if found.description else found.rowcount  # type: ignore[index]  # one row

    def wait(self, what: str, query: str, seconds: float = 1800.0) -> None:
        """Wait until a query returns 0; raise Broken when it does not."""
        deadline = time.monotonic() + seconds
        with psycopg.connect(self.facts["database_owner_url"], autocommit=True) as connection:
            while left := connection.execute(query).fetchone()[0]:  # type: ignore[index]  # a count is always there
                if time.monotonic() > deadline:
                    raise Broken(f"{left} {what} after {seconds:.0f} s")
                time.sleep(0.02)


@contextmanager
def running(directory: Path) -> Iterator[World]:
    """Start the world of a directory, speak as one of its processes, and stop it."""
    log = directory.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "embedded", "up", "--without", "flower", "--directory", str(directory)]
    began = time.monotonic()
    with log.open("w") as output:
        supervisor = spawn(command, signal.SIGTERM, cwd=ROOT, env=ENVIRONMENT | TUNING, stdout=output, stderr=output)
        try:
            _await_start(supervisor, log, began)
            started_in = time.monotonic() - began
            facts = json.loads((directory / "world.json").read_text())
            _speak_as_one_of(facts)
            yield World(facts, supervisor.pid, started_in)
        finally:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.wait(STOP_SECONDS)


def _await_start(supervisor: subprocess.Popen[bytes], log: Path, began: float) -> None:
    while "Ctrl-C" not in log.read_text():
        if supervisor.poll() is not None or time.monotonic() > began + START_SECONDS:
            raise Broken(f"the world did not start:\n{log.read_text()}")
        time.sleep(0.02)


def _speak_as_one_of(facts: dict[str, Any]) -> None:
    """Take the settings of the relay for this process, so that it writes as one of them and signs their tokens."""
    settings = Path(f"/proc/{facts['pids']['relay']}/environ").read_bytes().decode()
    for name, _, value in (pair.partition("=") for pair in settings.split("\0")):
        if name:
            os.environ[name] = value
