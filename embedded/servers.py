"""The embedded servers of a run directory, as far as no URL replaces them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from embedded.cluster import Cluster
from embedded.environment import Connections
from embedded.given import check_broker, check_database, given_connections
from embedded.keepsakes import Ports, Secrets
from embedded.postgres import Postgres
from embedded.process import Pause
from embedded.supervisor import Supervisor
from embedded.valkey import Valkey

Say = Callable[[str, str], None]
"""Tell the person at the terminal what happened to whom."""


class Servers:
    """PostgreSQL and Valkey, each embedded or brought along by a URL."""

    def __init__(self, directory: Path, ports: Ports, secrets: Secrets, environment: Mapping[str, str]) -> None:
        """Find the programs that are needed; raises ServerMissingError before anything was started."""
        database, broker_url = given_connections(environment)
        logs = directory / "logs"
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None
        if broker_url is None:
            self._valkey = Valkey(directory / "valkey", logs / "broker.log", ports.broker, secrets.broker_password)
            broker_url = self._valkey.url
        if database is None:
            self._postgres = Postgres(directory / "postgres", logs / "postgres.log", _cluster(ports, secrets))
            database = self._postgres.cluster.database().urls
        self.connections = Connections(*database, broker_url)

    def start(self, supervisor: Supervisor, pause: Pause, say: Say) -> None:
        """Start what is embedded, wait until it is ready, and bring roles and database about.

        Raises EmbeddedError when one that was brought along does not let us in.
        """
        if self._valkey:
            supervisor.keep(self._valkey.process)
            self._valkey.start(pause)
            say("broker", f"ready on port {self._valkey.port}")
        else:
            check_broker(self.connections.broker_url)
            say("broker", "yours, by BROKER_URL")
        if self._postgres:
            supervisor.keep(self._postgres.process)
            self._postgres.start(pause)
            self._postgres.cluster.bootstrap()
            say("postgres", f"ready on port {self._postgres.cluster.port}")
        else:
            check_database(self.connections.database_url, self.connections.owner_url)
            say("postgres", "yours, by DATABASE_URL")


def _cluster(ports: Ports, secrets: Secrets) -> Cluster:
    return Cluster(
        port=ports.postgres,
        superuser_password=secrets.postgres_superuser_password,
        owner_password=secrets.postgres_owner_password,
        runtime_password=secrets.postgres_runtime_password,
    )
