"""A connection on which all is only rehearsed: the API commits as ever, and before the next request it is undone.

So thousands of requests find the same people and things, whatever the one before them has done: a booking that was
cancelled can be cancelled again. PostgreSQL undoes it, by savepoints; the code under test knows nothing of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import StaticPool, create_engine, event

from app.infra import db
from app.infra.config import settings
from tests.conftest import forget_connections

#: What COMMIT would do beside keeping: look at the constraints that are checked last.
_COMMIT = """
    SAVEPOINT looked_at; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT looked_at; SAVEPOINT kept
"""


class Rehearsal(psycopg.Connection):
    """A connection whose commit keeps until `begin_anew`, and no longer."""

    def commit(self) -> None:
        """Check what COMMIT checks, and keep what was done so far."""
        self.execute(_COMMIT)

    def rollback(self) -> None:
        """Undo what was done since the last commit."""
        self.execute("ROLLBACK TO SAVEPOINT kept")

    def begin_anew(self) -> None:
        """Undo everything."""
        super().rollback()
        self.execute("SAVEPOINT kept")


@contextmanager
def rehearsed() -> Iterator[Rehearsal]:
    """Give the code under test this one connection until the end of the block."""
    options = db._server_options(settings().statement_timeout)
    forget_connections()
    connection = Rehearsal.connect(settings().database_url, options=options)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.begin_anew()
    engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
    event.listen(engine, "before_cursor_execute", _keep_isolation, retval=True)
    db._engines[os.getpid()] = engine
    try:
        yield connection
    finally:
        del db._engines[os.getpid()]
        connection.close()


def _keep_isolation(
    _connection: object, _cursor: object, statement: str, parameters: object, *_: object
) -> tuple[str, object]:
    """Leave out what only the first statement of a transaction may say: it is REPEATABLE READ from the beginning."""
    return ("SELECT 1" if statement.startswith("SET TRANSACTION ISOLATION LEVEL") else statement), parameters
