"""Links and sign-ins past their time may be deleted, and are found without reading all others."""

from alembic import op

from app.infra.grants import grant, runtime_role

revision = "0013"
down_revision = "0012"

_OF_SIGN_INS = ("token_family", "refresh_token")


def upgrade() -> None:
    """Give the right, and make the indexes."""
    grant("DELETE", *_OF_SIGN_INS)
    op.execute("CREATE INDEX ix_token_family_expires_at ON token_family (expires_at)")
    op.execute("CREATE INDEX ix_email_verification_expires_at ON email_verification (expires_at)")


def downgrade() -> None:
    """Take both back."""
    op.execute("DROP INDEX ix_email_verification_expires_at")
    op.execute("DROP INDEX ix_token_family_expires_at")
    for table in _OF_SIGN_INS:
        op.execute(f"REVOKE DELETE ON {table} FROM {runtime_role()}")
