"""The transaction of a request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import g
from sqlalchemy.orm import Session

from app.infra.db import session_scope


@contextmanager
def request_scope() -> Iterator[Session]:
    """Join the transaction that @idempotent opened, or open one and commit it at the end of the block."""
    if "session" in g:
        yield g.session
    else:
        with session_scope() as session:
            yield session
