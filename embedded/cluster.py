"""The roles and databases of an embedded server.

`amana_owner` owns the database and its schema and runs the migrations. `amana_app` is what the system runs as: it may
connect and use the schema, and has on each table what the migration that made it has granted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from embedded.ports import LOOPBACK

SUPERUSER = "postgres"
OWNER = "amana_owner"
RUNTIME = "amana_app"
DATABASE = "amana"

_EXTENSIONS = ("btree_gist",)


@dataclass(frozen=True)
class Database:
    """One database: the URL of the runtime role and the URL of the owner."""

    name: str
    url: str
    owner_url: str

    @property
    def urls(self) -> tuple[str, str]:
        """The runtime role's URL and the owner's."""
        return self.url, self.owner_url


@dataclass(frozen=True)
class Cluster:
    """A server on loopback and the passwords of its three roles; plain values, to be handed to any process."""

    port: int
    superuser_password: str
    owner_password: str
    runtime_password: str

    def superuser_url(self, database: str = "postgres") -> str:
        """Return the URL of the role that made the server; the system itself never uses it."""
        return _url(SUPERUSER, self.superuser_password, self.port, database)

    def database(self, name: str = DATABASE) -> Database:
        """Return the URLs of a database, whether it exists or not."""
        runtime_url = _url(RUNTIME, self.runtime_password, self.port, name)
        return Database(name, runtime_url, _url(OWNER, self.owner_password, self.port, name))

    def bootstrap(self) -> None:
        """Make the roles and the database `amana`, or bring their passwords up to date. Runs at every start."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            _keep_role(connection, OWNER, self.owner_password)
            _keep_role(connection, RUNTIME, self.runtime_password)
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not exists:
            self._prepare("template1")
            self.create_database(DATABASE)

    def create_database(self, name: str, template: str = "template1") -> Database:
        """Copy a database to which nobody is connected, and let only the owner and the runtime role in.

        With a migrated template a test gets its own database in about 0.1 s. Raises psycopg.errors.DuplicateDatabase,
        psycopg.errors.ObjectInUse.
        """
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            _execute(connection, "CREATE DATABASE {} OWNER {} TEMPLATE {}", name, OWNER, template)
            _execute(connection, "REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
            _execute(connection, "GRANT CONNECT ON DATABASE {} TO {}", name, RUNTIME)
        return self.database(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, and disconnect who is still connected."""
        with psycopg.connect(self.superuser_url(), autocommit=True) as connection:
            _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _prepare(self, template: str) -> None:
        """Hand the schema of the template to the owner, so that every database copied from it is whole at once.

        The extensions are made by the owner (they are trusted ones), so that migrations may drop and make them again.
        """
        with psycopg.connect(self.superuser_url(template), autocommit=True) as connection:
            _execute(connection, "GRANT CREATE ON DATABASE {} TO {}", template, OWNER)
            _execute(connection, "ALTER SCHEMA public OWNER TO {}", OWNER)
            _execute(connection, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
            _execute(connection, "GRANT USAGE ON SCHEMA public TO {}", RUNTIME)
        with psycopg.connect(self.database(template).owner_url, autocommit=True) as connection:
            for extension in _EXTENSIONS:
                _execute(connection, "CREATE EXTENSION IF NOT EXISTS {}", extension)


def _url(role: str, password: str, port: int, database: str) -> str:
    return f"postgresql://{role}:{password}@{LOOPBACK}:{port}/{database}"


def _keep_role(connection: psycopg.Connection, role: str, password: str) -> None:
    """Create the role when it is missing, and set its password as a SCRAM verifier: no log ever sees the password."""
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        _execute(connection, "CREATE ROLE {}", role)
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    options: LiteralString = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    command = sql.SQL("ALTER ROLE {} " + options + " PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
    connection.execute(command)


def _execute(connection: psycopg.Connection, command: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(command).format(*(sql.Identifier(name) for name in names)))
