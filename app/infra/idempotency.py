"""Answers kept under the caller's key (Idempotency-Key), in the transaction of the work they answer."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Index, Table, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.infra.config import settings
from app.infra.db import Base
from app.kernel.clock import wall_now
from app.kernel.errors import InvalidInput, Refusal

#: How many answers one transaction deletes.
PURGE_BATCH = 1_000


class KeyReused(InvalidInput):
    """This Idempotency-Key was used with another body: take a new key for a new request.

    A key belongs to one request: the same caller, the same path, the same body. Nothing was done.
    """

    code = "idempotency_key_reused"


class StillRunning(Refusal):
    """A request with this Idempotency-Key is still running: ask again in a moment.

    The first request under this key has not ended. Send the same request with the same key again in a second: you
    will get its answer.
    """

    code = "idempotency_in_progress"


class StoredAnswer(Base):
    """The first answer to a key. `scope` is the caller and the route: nobody can read another's answer."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_created_at", "created_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    created_at: Mapped[datetime]


_INSERT = insert(cast("Table", StoredAnswer.__table__))
_STORE = _INSERT.on_conflict_do_update(index_elements=["scope", "key"], set_=dict(_INSERT.excluded.items()))


def replayed(session: Session, scope: str, key: str, body: bytes) -> StoredAnswer | None:
    """Return the stored answer, None for a first run; raise StillRunning or KeyReused.

    The advisory lock is held until the transaction ends, so of two requests at once one runs and one is told to wait.
    """
    lock = int.from_bytes(hashlib.sha256(f"{scope}\0{key}".encode()).digest()[:8], signed=True)
    if not session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": lock}):
        raise StillRunning
    stored = session.get(StoredAnswer, (scope, key))
    if stored is None or stored.created_at < wall_now() - timedelta(seconds=settings().idempotency_seconds):
        return None
    if stored.fingerprint != _fingerprint(body):
        raise KeyReused
    return stored


def store(session: Session, answer: StoredAnswer, body: bytes) -> None:
    """Keep the answer with the work; an outlived one under the same key is replaced."""
    row = {
        "scope": answer.scope, "key": answer.key, "fingerprint": _fingerprint(body), "status": answer.status,
        "headers": answer.headers, "body": answer.body, "created_at": wall_now(),
    }  # fmt: skip
    session.connection().execute(_STORE, row)


def purge(session: Session) -> int:
    """Delete some answers past their time and return how many, 0 when none is left; any number may run at once."""
    oldest = wall_now() - timedelta(seconds=settings().idempotency_seconds)
    found = session.execute(
        text("""
            DELETE FROM idempotency_key WHERE (scope, key) IN (
                SELECT scope, key FROM idempotency_key WHERE created_at < :oldest LIMIT :batch FOR UPDATE SKIP LOCKED)
            RETURNING key
        """),
        {"oldest": oldest, "batch": PURGE_BATCH},
    )
    return len(found.all())


def _fingerprint(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
