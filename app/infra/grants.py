"""Rights of the runtime role, given table by table in the migrations: it may do what it must and nothing more."""

from __future__ import annotations

import os
from urllib.parse import unquote, urlsplit

from alembic import op


def runtime_role() -> str:
    """Return the role of DATABASE_URL, quoted; raise RuntimeError when it is also the owner's."""
    runtime = _role("DATABASE_URL")
    if runtime == _role("MIGRATION_DATABASE_URL"):
        raise RuntimeError("DATABASE_URL and MIGRATION_DATABASE_URL must name two roles: the owner runs no app.")
    return '"' + runtime.replace('"', '""') + '"'


def grant(rights: str, *objects: str) -> None:
    """Grant rights ("SELECT, INSERT") on tables, or on "FUNCTION f(int)" and "SCHEMA s", to the runtime role."""
    for name in objects:
        op.execute(f"GRANT {rights} ON {name} TO {runtime_role()}")


def _role(variable: str) -> str:
    role = urlsplit(os.environ[variable]).username
    if not role:
        raise RuntimeError(f"{variable} must name a role: postgresql://role:password@host/database")
    return unquote(role)
