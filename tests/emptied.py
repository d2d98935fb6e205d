"""One database for many tests, emptied between them: thirty times as quick as a copy for each."""

from __future__ import annotations

import psycopg

from embedded.services import Services

#: What the migrations fill.
KEPT = (
    "public.alembic_version", "public.business_clock", "public.relay_sleep", "ledger.account_kind", "ledger.currency",
)  # fmt: skip


def empty(services: Services, name: str) -> None:
    """Delete every row that tests have written to a database, and set business time back to wall time."""
    with psycopg.connect(services.cluster.superuser_url(name)) as superuser:
        # Neither foreign keys nor the ledger's triggers are to be asked: all goes.
        superuser.execute("SET session_replication_role = replica")
        for (table,) in superuser.execute(_TABLES, {"kept": list(KEPT)}).fetchall():
            superuser.execute(f"DELETE FROM {table}")
        superuser.execute("UPDATE business_clock SET offset_seconds = 0")


_TABLES = """
    SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables
    WHERE schemaname IN ('public', 'ledger') AND schemaname || '.' || tablename <> ALL (%(kept)s)
"""
