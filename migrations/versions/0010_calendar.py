"""Connected Google calendars, consents under way, and what calendars are told of bookings."""

from alembic import op

from app.infra.grants import grant

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables of calendars; count the changes of a booking, as invitations do (RFC 5545 §3.8.7.4)."""
    op.execute("""
        CREATE TABLE calendar_connection (
            user_id uuid CONSTRAINT pk_calendar_connection PRIMARY KEY
                CONSTRAINT fk_calendar_connection_user_id REFERENCES users (id),
            google_sub varchar NOT NULL
                CONSTRAINT ck_calendar_connection_google_sub CHECK (char_length(google_sub) BETWEEN 1 AND 255),
            email varchar NOT NULL
                CONSTRAINT ck_calendar_connection_email CHECK (char_length(email) <= 254),
            status varchar NOT NULL
                CONSTRAINT ck_calendar_connection_status CHECK (status IN ('connected', 'reauth_required')),
            grant_id uuid NOT NULL,
            refresh_token bytea,
            access_token bytea,
            access_expires_at timestamptz,
            renewing_until timestamptz,
            connected_at timestamptz NOT NULL,
            CONSTRAINT ck_calendar_connection_grant CHECK ((status = 'connected') = (refresh_token IS NOT NULL)),
            CONSTRAINT ck_calendar_connection_access CHECK ((access_token IS NULL) = (access_expires_at IS NULL))
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_calendar_connection_google_sub ON calendar_connection (google_sub)")
    op.execute("""
        CREATE TABLE calendar_consent (
            state_hash bytea CONSTRAINT pk_calendar_consent PRIMARY KEY
                CONSTRAINT ck_calendar_consent_state_hash CHECK (octet_length(state_hash) = 32),
            user_id uuid NOT NULL CONSTRAINT fk_calendar_consent_user_id REFERENCES users (id),
            verifier bytea NOT NULL,
            return_to varchar CONSTRAINT ck_calendar_consent_return_to CHECK (char_length(return_to) <= 2000),
            expires_at timestamptz NOT NULL
        )
    """)
    op.execute("CREATE INDEX ix_calendar_consent_expires_at ON calendar_consent (expires_at)")
    op.execute("""
        ALTER TABLE booking
            ADD COLUMN sequence bigint NOT NULL DEFAULT 0,
            ADD COLUMN invited_sequence bigint,
            ADD CONSTRAINT ck_booking_sequence CHECK (sequence >= 0 AND invited_sequence <= sequence)
    """)
    grant("SELECT, INSERT, UPDATE, DELETE", "calendar_connection", "calendar_consent")


def downgrade() -> None:
    """Drop them."""
    op.execute("""
        ALTER TABLE booking
            DROP CONSTRAINT ck_booking_sequence, DROP COLUMN invited_sequence, DROP COLUMN sequence
    """)
    for table in ("calendar_consent", "calendar_connection"):
        op.execute(f"DROP TABLE {table}")
