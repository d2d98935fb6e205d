"""${message}

Works with the code before it and after it. Timeouts: lock 4 s, statement 60 s (migrations/env.py).
A CREATE INDEX CONCURRENTLY stands alone, inside `with op.get_context().autocommit_block():`.
"""

from alembic import op

from app.infra.grants import grant

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "op.execute(\"\")"}


def downgrade() -> None:
    ${downgrades if downgrades else "op.execute(\"\")"}
