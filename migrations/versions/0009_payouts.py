"""Payouts: destinations, payouts, their attempts and the webhook inbox."""

from alembic import op

from app.infra.grants import grant

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables of payouts."""
    op.execute("""
        CREATE TABLE payout_destination (
            mentor_id uuid CONSTRAINT pk_payout_destination PRIMARY KEY
                CONSTRAINT fk_payout_destination_mentor_id REFERENCES users (id),
            konnect_wallet_id varchar NOT NULL CONSTRAINT ck_payout_destination_konnect_wallet_id
                CHECK (konnect_wallet_id ~ '^[0-9a-f]{24}$'),
            changed_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE TABLE payout (
            id uuid CONSTRAINT pk_payout PRIMARY KEY,
            mentor_id uuid NOT NULL CONSTRAINT fk_payout_mentor_id REFERENCES users (id),
            amount bigint NOT NULL CONSTRAINT ck_payout_amount CHECK (amount > 0),
            currency char(3) NOT NULL,
            destination varchar NOT NULL CONSTRAINT ck_payout_destination CHECK (destination ~ '^[0-9a-f]{24}$'),
            status varchar NOT NULL CONSTRAINT ck_payout_status CHECK (status IN (
                'pending', 'approved', 'processing', 'paid', 'rejected', 'cancelled', 'unknown')),
            requested_at timestamptz NOT NULL,
            decided_at timestamptz,
            decided_by uuid CONSTRAINT fk_payout_decided_by REFERENCES users (id),
            reason varchar,
            paid_at timestamptz,
            debt bigint NOT NULL DEFAULT 0 CONSTRAINT ck_payout_debt CHECK (debt >= 0),
            CONSTRAINT ck_payout_decided_by CHECK (decided_by <> mentor_id),
            CONSTRAINT ck_payout_paid_at CHECK ((status = 'paid') = (paid_at IS NOT NULL))
        )
    """)
    op.execute("CREATE INDEX ix_payout_mentor_id ON payout (mentor_id, id)")
    op.execute("CREATE INDEX ix_payout_status ON payout (status, id)")
    op.execute("""
        CREATE TABLE payout_attempt (
            id uuid CONSTRAINT pk_payout_attempt PRIMARY KEY,
            payout_id uuid NOT NULL CONSTRAINT fk_payout_attempt_payout_id REFERENCES payout (id),
            gateway varchar NOT NULL,
            status varchar NOT NULL CONSTRAINT ck_payout_attempt_status CHECK (status IN (
                'initiating', 'awaiting_payer', 'paid', 'expired', 'failed', 'cancelled', 'unknown', 'conflicted')),
            create_calls bigint NOT NULL DEFAULT 0,
            payment_ref varchar,
            pay_url varchar,
            expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            polls bigint NOT NULL DEFAULT 0,
            next_poll_at timestamptz
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX uq_payout_attempt_one_live ON payout_attempt (payout_id)
        WHERE status IN ('initiating', 'awaiting_payer')
    """)
    op.execute("CREATE UNIQUE INDEX uq_payout_attempt_gateway_payment_ref ON payout_attempt (gateway, payment_ref)")
    op.execute("CREATE INDEX ix_payout_attempt_payout_id ON payout_attempt (payout_id)")
    op.execute("""
        CREATE INDEX ix_payout_attempt_next_poll_at ON payout_attempt (next_poll_at) WHERE next_poll_at IS NOT NULL
    """)
    op.execute("""
        CREATE TABLE payout_ping (
            id uuid CONSTRAINT pk_payout_ping PRIMARY KEY,
            attempt_id uuid NOT NULL CONSTRAINT fk_payout_ping_attempt_id REFERENCES payout_attempt (id),
            payment_ref varchar,
            received_at timestamptz NOT NULL DEFAULT now(),
            taken_at timestamptz
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX uq_payout_ping_waiting ON payout_ping (attempt_id, coalesce(payment_ref, ''))
        WHERE taken_at IS NULL
    """)
    grant("SELECT, INSERT, UPDATE", "payout_destination", "payout", "payout_attempt", "payout_ping")


def downgrade() -> None:
    """Drop them."""
    for table in ("payout_ping", "payout_attempt", "payout", "payout_destination"):
        op.execute(f"DROP TABLE {table}")
