"""The inbox of every user, and the alarms of the back office."""

from alembic import op

from app.infra.grants import grant

revision = "0005"
down_revision = "0004"


def message(table: str) -> str:
    """Return the columns and checks of what both kinds say."""
    return f"""
        title varchar NOT NULL CONSTRAINT ck_{table}_title CHECK (char_length(title) BETWEEN 1 AND 200),
        message varchar NOT NULL CONSTRAINT ck_{table}_message CHECK (char_length(message) BETWEEN 1 AND 2000),
        related_kind varchar,
        related_id uuid,
        metadata jsonb NOT NULL CONSTRAINT ck_{table}_metadata CHECK (octet_length(metadata::text) <= 10000),
        created_at timestamptz NOT NULL,
        read_at timestamptz,
        CONSTRAINT ck_{table}_related CHECK ((related_kind IS NULL) = (related_id IS NULL))
    """


def upgrade() -> None:
    """Make the tables of notifications."""
    op.execute(f"""
        CREATE TABLE notification (
            id uuid CONSTRAINT pk_notification PRIMARY KEY,
            user_id uuid NOT NULL CONSTRAINT fk_notification_user_id REFERENCES users (id),
            type varchar NOT NULL CONSTRAINT ck_notification_type CHECK (type ~ '^[a-z_]{{1,50}}$'),
            {message("notification")}
        )
    """)
    op.execute("CREATE INDEX ix_notification_inbox ON notification (user_id, id)")
    op.execute(f"""
        CREATE TABLE admin_notification (
            id uuid CONSTRAINT pk_admin_notification PRIMARY KEY,
            type varchar NOT NULL CONSTRAINT ck_admin_notification_type CHECK (type IN (
                'integration_failure', 'payment_anomaly', 'session_issue', 'system_error', 'health_check_failure')),
            severity varchar NOT NULL CONSTRAINT ck_admin_notification_severity
                CHECK (severity IN ('info', 'warning', 'error', 'critical')),
            cause varchar NOT NULL CONSTRAINT ck_admin_notification_cause CHECK (char_length(cause) BETWEEN 1 AND 200),
            count bigint NOT NULL CONSTRAINT ck_admin_notification_count CHECK (count > 0),
            raised_at timestamptz NOT NULL,
            read_by uuid CONSTRAINT fk_admin_notification_read_by REFERENCES users (id),
            {message("admin_notification")},
            CONSTRAINT ck_admin_notification_read CHECK ((read_at IS NULL) = (read_by IS NULL))
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_admin_notification_open ON admin_notification (cause) WHERE read_at IS NULL")
    op.execute("CREATE INDEX ix_admin_notification_raised_at ON admin_notification (raised_at, id)")
    grant("SELECT, INSERT, UPDATE", "notification")
    grant("SELECT, INSERT, UPDATE, DELETE", "admin_notification")


def downgrade() -> None:
    """Drop them."""
    for table in ("admin_notification", "notification"):
        op.execute(f"DROP TABLE {table}")
