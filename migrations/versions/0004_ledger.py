"""The ledger: accounts, transactions, entries, holds, and the functions that are their only writers."""

from alembic import op

from app.infra.grants import grant
from migrations.sql import read

revision = "0004"
down_revision = "0003"

TABLES = ("currency", "account_kind", "account", "txn", "entry", "hold")
FUNCTIONS = (
    "open_account(text, text)",
    "post(text, text, bigint[], bigint[], timestamptz)",
    "reverse(text, bigint, timestamptz)",
    "hold(text, text, bigint, bigint)",
    "hold_across(text, text, bigint[], bigint)",
    "capture_hold(text, text, text, bigint, bigint, timestamptz)",
    "void_hold(text)",
)


def upgrade() -> None:
    """Make the schema; the runtime role may read everything and call the functions, and nothing else."""
    op.execute(read("0004_ledger_tables.sql"))
    op.execute(read("0004_ledger_functions.sql"))
    op.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC")
    grant("USAGE", "SCHEMA ledger")
    grant("SELECT", *(f"ledger.{table}" for table in TABLES))
    grant("EXECUTE", *(f"FUNCTION ledger.{function}" for function in FUNCTIONS))


def downgrade() -> None:
    """Drop the schema with all that is in it."""
    op.execute("DROP SCHEMA ledger CASCADE")
