"""Keep a problem in its learner's own words, and no links and sign-ins past their time; tell how far we have come."""

from alembic import op

from app.infra.grants import grant

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column, and begin with what is not decided yet; let the old be deleted, and be found for that."""
    op.execute("ALTER TABLE booking ADD COLUMN problem varchar")
    op.execute("UPDATE booking SET problem = reason WHERE status = 'disputed'")
    op.execute("CREATE INDEX ix_token_family_expires_at ON token_family (expires_at)")
    op.execute("CREATE INDEX ix_email_verification_expires_at ON email_verification (expires_at)")
    _let_sign_ins_be_purged()
    _tell_the_revision()


def _let_sign_ins_be_purged() -> None:
    """Let those go that have come to their end, with their tokens, and no others."""
    op.execute("""
        CREATE FUNCTION purge_sign_ins(most integer) RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            WITH ended AS MATERIALIZED (
                SELECT id FROM token_family WHERE expires_at <= now() LIMIT most FOR UPDATE SKIP LOCKED
            ), tokens AS (
                DELETE FROM refresh_token USING ended WHERE family_id = ended.id
            ), families AS (
                DELETE FROM token_family USING ended WHERE token_family.id = ended.id
            )
            SELECT count(*) FROM ended
        $$
    """)
    op.execute("REVOKE EXECUTE ON FUNCTION purge_sign_ins(integer) FROM PUBLIC")
    grant("EXECUTE", "FUNCTION purge_sign_ins(integer)")


def _tell_the_revision() -> None:
    """Let health see whether the database is what the code needs; the table itself is nobody's but the owner's."""
    op.execute("""
        CREATE FUNCTION schema_revision() RETURNS varchar
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
        AS 'SELECT max(version_num) FROM alembic_version'
    """)
    op.execute("REVOKE EXECUTE ON FUNCTION schema_revision() FROM PUBLIC")
    grant("EXECUTE", "FUNCTION schema_revision()")


def downgrade() -> None:
    """Take all of it back."""
    op.execute("DROP FUNCTION schema_revision()")
    op.execute("DROP FUNCTION purge_sign_ins(integer)")
    op.execute("DROP INDEX ix_email_verification_expires_at")
    op.execute("DROP INDEX ix_token_family_expires_at")
    op.execute("ALTER TABLE booking DROP COLUMN problem")
