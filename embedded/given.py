"""Servers that somebody brought along: the variables that name them, and a look at each before a world stands on it."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from embedded.errors import EmbeddedError

DATABASE, OWNER, BROKER = GIVEN = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "BROKER_URL")
"""The runtime role's, the owner's, the broker's. Whoever must not touch what these name takes them out."""

_CONNECT_SECONDS = 20
#: Redis waits for ever without these; RabbitMQ's transport does not mind them.
_PATIENCE = {"socket_connect_timeout": _CONNECT_SECONDS, "socket_timeout": _CONNECT_SECONDS}


def given_connections(environment: Mapping[str, str]) -> tuple[tuple[str, str] | None, str | None]:
    """Return the URLs that replace the embedded servers: (runtime, owner) or None, and the broker's or None.

    Raises EmbeddedError when only one of the two database URLs is set.
    """
    database, owner = environment.get(DATABASE), environment.get(OWNER)
    if bool(database) != bool(owner):
        raise EmbeddedError(
            f"{DATABASE} (runtime role) and {OWNER} (owner) belong together: "
            "set both to use your own PostgreSQL, or neither to have one started."
        )
    return (database, owner) if database and owner else None, environment.get(BROKER) or None


def check_database(runtime_url: str, owner_url: str) -> None:
    """Raise EmbeddedError, with what PostgreSQL says, unless it lets both roles into one database."""
    if _look(DATABASE, runtime_url) != _look(OWNER, owner_url):
        raise EmbeddedError(f"{DATABASE} and {OWNER} must name one database of one server, but they name two.")


def check_broker(url: str) -> None:
    """Raise EmbeddedError with what the broker says, unless it lets us in."""
    from kombu import Connection  # noqa: PLC0415 - a fifth of a second, for those alone who bring a broker along
    from kombu.exceptions import KombuError  # noqa: PLC0415 - as above

    try:
        with Connection(url, connect_timeout=_CONNECT_SECONDS, transport_options=_PATIENCE) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=_CONNECT_SECONDS)
    except KombuError as error:
        raise EmbeddedError(f"{BROKER} leads to no broker: {error}") from error
    except (LookupError, ValueError):  # no such transport, no such port
        raise EmbeddedError(
            f"{BROKER} must be redis://:PASSWORD@HOST:PORT/0 or amqp://USER:PASSWORD@HOST:PORT//."
        ) from None


def _look(variable: str, url: str) -> tuple[object, ...] | None:
    """Return what tells one database from all others: its name, and since when its server runs."""
    try:
        with psycopg.connect(url, connect_timeout=_CONNECT_SECONDS) as connection:
            return connection.execute("SELECT current_database(), pg_postmaster_start_time()").fetchone()
    except psycopg.ProgrammingError:  # its text repeats the URL, password included
        raise EmbeddedError(f"{variable} must be postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE.") from None
    except psycopg.OperationalError as error:
        raise EmbeddedError(
            f"{variable} leads to no database: {str(error).splitlines()[0]}\n"
            "deploy/roles.sh makes the two roles and the database that the two URLs name."
        ) from error
