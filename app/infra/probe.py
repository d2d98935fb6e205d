"""A look at the database that cannot hang: on a connection of its own, which is cut when its time is up.

The pool is left alone: it may be used up, or its connections may be dead, and both would be told of the database.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.orm import Session

from app.infra.config import settings
from app.infra.db import driver_url
from app.infra.http import Deadline

#: For how long it is waited for a connection (two seconds are the least that libpq takes), and for a statement.
CONNECT_SECONDS, STATEMENT_SECONDS = 2, 2


@contextmanager
def probing(seconds: float) -> Iterator[Session]:
    """Open a session that reads; each statement is a transaction. What lasts longer raises OperationalError."""
    with _engine(settings().database_url).connect() as connection, _cut_after(connection, seconds):
        yield Session(connection)


@cache
def _engine(url: str) -> Engine:
    return create_engine(
        driver_url(url),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c timezone=UTC -c statement_timeout={STATEMENT_SECONDS}s",
        },
    )


@contextmanager
def _cut_after(connection: Connection, seconds: float) -> Iterator[None]:
    """A server that is frozen keeps the connection alive and says nothing: no timeout of its own would end that."""
    wire = connection.connection.driver_connection
    assert wire is not None  # noqa: S101 - it is connected
    with socket.socket(fileno=os.dup(wire.fileno())) as sock, Deadline(sock, seconds):
        yield
