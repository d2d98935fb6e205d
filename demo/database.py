"""The database, with the rights of the running system: what no API tells is read where it is written down."""

from __future__ import annotations

from datetime import datetime

import psycopg

from demo.failures import Failed

CONNECT_SECONDS = 30


def connect(database_url: str) -> psycopg.Connection:
    """Return a connection without a transaction; raise Failed when there is none to be had."""
    try:
        return psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise Failed(f"The database cannot be reached: {str(error).splitlines()[0]}") from error


def database_now(database_url: str) -> datetime:
    """Return the database's own time, which events and deliveries are stamped with."""
    with connect(database_url) as connection:
        (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
    if not isinstance(now, datetime):
        raise Failed("The database does not know what time it is.")
    return now


def seconds_since_postgres_started(database_url: str) -> float:
    """Return for how many seconds the server has run."""
    with connect(database_url) as connection:
        row = connection.execute("SELECT extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())").fetchone()
    return float(row[0]) if row else 0.0
