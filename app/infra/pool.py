"""Connections between two transactions: which of them may be used again without asking the server first."""

from __future__ import annotations

import select
import time

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

#: A connection that rested longer is asked for a sign of life: something on the way may have forgotten it silently.
REST_SECONDS = 5.0

_RESTED_SINCE = "rested_since"


def watch_rested(engine: Engine) -> None:
    """Have an engine look at each connection that it takes out of its pool, and replace those that are dead.

    SQLAlchemy's `pool_pre_ping` asks the server before every transaction, which makes a short one a third longer. A
    server that ends, or ends a connection, says so: then there is something to read on the socket. So only a connection
    on which something was said, or which rested long, is asked.
    """

    @event.listens_for(engine, "checkin")
    def begin_rest(_: object, entry: ConnectionPoolEntry) -> None:
        entry.info[_RESTED_SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def end_rest(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
        rested_since = entry.info.get(_RESTED_SINCE)
        if rested_since is None:  # it is new
            return
        if time.monotonic() - rested_since < REST_SECONDS and not _has_something_to_read(connection):
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # the others rested through the same: a new one is made for each


def _has_something_to_read(connection: DBAPIConnection) -> bool:
    if connection.closed:
        return True
    poll = select.poll()  # select.select refuses descriptors above 1023
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
