"""News: one message of one fact for each reader, and when its mail was taken."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Tie messages to facts. Of one that was written before no fact is known: its own id stands in."""
    op.execute("ALTER TABLE notification ADD COLUMN event_id uuid, ADD COLUMN mailed_at timestamptz")
    op.execute("UPDATE notification SET event_id = id")
    op.execute("ALTER TABLE notification ALTER COLUMN event_id SET NOT NULL")
    op.execute("CREATE UNIQUE INDEX uq_notification_event_id ON notification (event_id, user_id)")


def downgrade() -> None:
    """Forget which facts they are of."""
    op.execute("ALTER TABLE notification DROP COLUMN event_id, DROP COLUMN mailed_at")
