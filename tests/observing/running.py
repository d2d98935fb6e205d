"""API, worker, relay and Beat as they run in production, on a database of their own, with all that they say kept."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.infra import config
from embedded.cluster import Database
from embedded.ports import free_port
from embedded.process import Process, Program
from embedded.procfile import read_procfile
from embedded.readiness import answers_ok
from embedded.services import Services
from tests.architecture.sources import ROOT
from tests.conftest import TEMPLATE, forget_connections, use
from tests.patience import PATIENCE_SECONDS

NAMES = ("api", "worker", "relay", "beat")
START_SECONDS = 300


@dataclass
class ObservedWorld:
    """Where it is reached, and what it said."""

    database: Database
    port: int
    logs: Path
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def text(self) -> str:
        """Every line of every process."""
        return "\n".join((self.logs / f"{name}.log").read_text() for name in NAMES)

    def post(self, path: str, body: Mapping[str, Any], token: str = "", **headers: str) -> httpx.Response:
        """Send a request to the API."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        options = {"headers": bearer | headers, "trust_env": False, "timeout": PATIENCE_SECONDS}
        return httpx.post(f"{self.url}/api/v1{path}", json=body, **options)

    def get(self, path: str) -> httpx.Response:
        """Ask for what has no prefix."""
        return httpx.get(f"{self.url}{path}", trust_env=False, timeout=PATIENCE_SECONDS)

    def owner(self) -> psycopg.Connection[Any]:
        """Connect as the owner."""
        return psycopg.connect(self.database.owner_url, autocommit=True)


@contextmanager
def observed_world(services: Services, directory: Path, chosen: Mapping[str, str]) -> Iterator[ObservedWorld]:
    """Start it with these settings on top, and end all of it with its database."""
    database, before = services.cluster.create_database("test_observed", TEMPLATE), dict(os.environ)
    use(database, services.broker_url)
    port = free_port()
    own = {"PORT": str(port), "WEB_WORKERS": "1", "LOG_LEVEL": "INFO", "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **chosen, **own}
    commands = read_procfile(ROOT / "Procfile")
    processes = [
        Process(Program(name, _watched(commands[name]), ROOT, directory / f"{name}.log", environment)) for name in NAMES
    ]
    try:
        for process in processes:
            process.start()
        processes[0].wait_until(lambda: answers_ok(port, "/health/ready"), START_SECONDS)
        yield ObservedWorld(database, port, directory, environment)
    finally:
        for process in processes:
            process.stop(grace=1)
        forget_connections()
        os.environ.clear()
        os.environ.update(before)
        config.settings.cache_clear()
        services.cluster.drop_database(database.name)


def _watched(command: tuple[str, ...]) -> tuple[str, ...]:
    """Have a worker say what Flower would ask it to say."""
    return (*command, "--task-events") if "worker" in command else command
