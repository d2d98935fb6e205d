"""PostgreSQL and Valkey together: kept below a directory, or thrown away after use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.cluster import Cluster, Database
from embedded.keepsakes import new_password
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.unprivileged import leave
from embedded.valkey import Valkey


@dataclass(frozen=True)
class Services:
    """Two running servers: the database `amana`, the cluster that makes more of them, the broker, the process ids."""

    cluster: Cluster
    broker_url: str
    postgres_pid: int
    broker_pid: int

    @property
    def database(self) -> Database:
        """The database `amana`: roles are made, no migration has run."""
        return self.cluster.database()


@contextmanager
def throwaway_services(directory: Path) -> Iterator[Services]:
    """Start both servers for a test run, with their data below `directory`, and remove all of it at the end.

    Ready in about a second. Must be entered in the main thread. On Linux the servers also end when this process is
    killed. `services.cluster` is plain data: a parallel test worker rebuilds it with `Cluster(**fields)`.
    """
    cluster = Cluster(free_port(), new_password(), new_password(), new_password())
    homes = {name: directory / name for name in ("postgres", "valkey")}
    valkey = Valkey(homes["valkey"], directory / "logs/valkey.log", free_port(), new_password())
    postgres = Postgres(homes["postgres"], directory / "logs/postgres.log", cluster)
    try:
        valkey.start()
        postgres.start()
        cluster.bootstrap()
        yield Services(cluster, valkey.url, postgres.process.pid, valkey.process.pid)
    finally:
        valkey.stop()
        postgres.stop()
        for home in homes.values():
            leave(home)
