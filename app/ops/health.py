"""Health: alive means that the process answers; ready means that it can do its work."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.infra import db


@dataclass(frozen=True)
class Check:
    """One check: status healthy, degraded or unhealthy, and how long it took."""

    status: str
    detail: str
    duration_ms: int


def check_readiness() -> dict[str, Check]:
    """Check what this process needs for its next request: the database, reachable and migrated."""
    return {"database": _timed(_database)}


def overall(checks: dict[str, Check]) -> str:
    """Return the worst of the statuses."""
    ranks = ("healthy", "degraded", "unhealthy")
    return max((check.status for check in checks.values()), key=ranks.index, default="healthy")


def _timed(check: Callable[[], tuple[str, str]]) -> Check:
    began = time.monotonic()
    status, detail = check()
    return Check(status, detail, round((time.monotonic() - began) * 1000))


def _database() -> tuple[str, str]:
    try:
        with db.engine().connect() as connection:
            connection.execute(text("SELECT 1 FROM business_clock"))
    except SQLAlchemyError as error:
        return "unhealthy", f"the database does not answer as it should: {type(error).__name__}"
    return "healthy", "connected and migrated"
