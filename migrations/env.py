"""How migrations run: as the owner, one at a time, each in a transaction with short timeouts."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import create_engine, pool, text

from app.infra.db import Base, driver_url
from app.tables import load_all_tables

#: Only one migration at a time, over all machines that start at once.
MIGRATION_LOCK = 7_263_411

# A migration that waits for a lock makes every query behind it wait too: it gives up instead, and is run again.
TIMEOUTS = ("SET lock_timeout = '4s'", "SET statement_timeout = '60s'")


def run() -> None:
    """Bring the database of MIGRATION_DATABASE_URL to the wanted revision."""
    load_all_tables()
    engine = create_engine(driver_url(os.environ["MIGRATION_DATABASE_URL"]), poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        for statement in TIMEOUTS:
            connection.execute(text(statement))
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations need the database: there is no offline mode.")
run()
