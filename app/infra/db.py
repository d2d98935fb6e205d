"""The database: one engine per process, one way to open a transaction, the only place that commits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import BigInteger, DateTime, Engine, MetaData, Uuid, create_engine, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import DeclarativeBase, Session

from app.infra import failures
from app.infra.config import settings
from app.infra.pool import watch_rested

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

#: The revision of migrations/ that this code needs; a later one serves too, while a new version is rolled out.
SCHEMA = "0013"

#: SQLSTATEs after which the same transaction may be run again: deadlock, serialisation failure, lock timeout.
RETRYABLE = frozenset({"40P01", "40001", "55P03"})

#: For how long a session waits for another's lock, a thread for a connection of the pool, and a process for the server;
#: and after how long without a statement a transaction is ended: whoever held its locks has died, or hangs.
LOCK_SECONDS, POOL_SECONDS, CONNECT_SECONDS, IDLE_SECONDS = 5, 10, 5, 30

_open_sessions: ContextVar[int] = ContextVar("open_sessions", default=0)
_engines: dict[int, Engine] = {}


class Base(DeclarativeBase):
    """What every table is declared on."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        int: BigInteger,
        UUID: Uuid(as_uuid=True),
    }


def driver_url(url: str) -> str:
    """Return the address with the driver that we use (psycopg 3)."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def engine() -> Engine:
    """Return this process's engine. Keyed by process id: a connection must never cross a fork."""
    pid = os.getpid()
    if pid not in _engines:
        # Of threads that come here at once one has the last word; the others' engines have not connected yet.
        _engines.setdefault(pid, _made())
    return _engines[pid]


def _made() -> Engine:
    chosen = settings()
    made = create_engine(
        driver_url(chosen.database_url),
        pool_size=chosen.database_pool_size,
        max_overflow=5,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,  # the one that has just worked is warm, and has its statements prepared
        hide_parameters=True,  # an error is logged and kept with its delivery: it must not quote names and hashes
        connect_args={"options": _server_options(chosen.statement_timeout), "connect_timeout": CONNECT_SECONDS},
    )
    event.listen(made, "handle_error", _make_discreet)
    event.listen(made, "handle_error", _throw_interrupted_away)
    watch_rested(made)
    return made


def _server_options(statement_timeout: int) -> str:
    return (
        f"-c timezone=UTC -c statement_timeout={statement_timeout}s -c lock_timeout={LOCK_SECONDS}s"
        f" -c idle_in_transaction_session_timeout={IDLE_SECONDS}s"
    )


def _make_discreet(context: ExceptionContext) -> None:
    """Take the rows and values out of what the database says, before anybody can log it or keep it."""
    said = context.original_exception
    if isinstance(said, psycopg.Error):
        sentence = failures.discreet(said)
        said.args = (sentence,)
        if context.sqlalchemy_exception is not None:
            context.sqlalchemy_exception.args = (f"({type(said).__name__}) {sentence}",)


def _throw_interrupted_away(context: ExceptionContext) -> None:
    """Close a connection in the middle of whose statement something else struck: a time limit, say.

    It cannot even be rolled back, and that it cannot would be told instead of what struck; its locks would last as long
    as anybody keeps the traceback.
    """
    if not isinstance(context.original_exception, psycopg.Error):
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False


@contextmanager
def session_scope() -> Iterator[Session]:
    """Open one transaction: committed at the end of the block, rolled back when anything is raised in it.

    What strikes while SQLAlchemy prepares a statement is raised as itself: wrapped, a time limit would look like the
    failure of one booking, and a sweep would go on to the next until its worker is killed.
    """
    token = _open_sessions.set(_open_sessions.get() + 1)
    try:
        with Session(engine(), expire_on_commit=False) as session:
            yield session
            session.commit()
    except StatementError as error:
        if isinstance(error, DBAPIError) or error.orig is None:
            raise
        raise error.orig from None  # the wrapping has it as its cause already: the other way round were a ring
    finally:
        _open_sessions.reset(token)


def session_is_open() -> bool:
    """Tell whether this thread holds a transaction: then nothing may be asked of the outside world."""
    return _open_sessions.get() > 0


def sqlstate(error: DBAPIError) -> str:
    """Return the SQLSTATE of a database error, empty where there is none."""
    return getattr(error.orig, "sqlstate", None) or ""


def constraint(error: DBAPIError) -> str:
    """Return the name of the violated constraint, empty where there is none."""
    diagnostics = getattr(error.orig, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or ""


def ping() -> None:
    """Ask the database for a sign of life; raises what SQLAlchemy raises when there is none."""
    with engine().connect() as connection:
        connection.execute(text("SELECT 1"))
