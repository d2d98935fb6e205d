"""Orders, payment attempts and the webhook inbox."""

from alembic import op

from app.infra.grants import grant

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables of payments."""
    op.execute("""
        CREATE TABLE payment_order (
            id uuid CONSTRAINT pk_payment_order PRIMARY KEY,
            payer_id uuid NOT NULL CONSTRAINT fk_payment_order_payer_id REFERENCES users (id),
            amount bigint NOT NULL CONSTRAINT ck_payment_order_amount CHECK (amount >= 0),
            currency char(3) NOT NULL,
            from_wallet bigint NOT NULL,
            description varchar NOT NULL,
            status varchar NOT NULL CONSTRAINT ck_payment_order_status
                CHECK (status IN ('open', 'paid', 'closed', 'returned')),
            deadline timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_payment_order_from_wallet CHECK (from_wallet BETWEEN 0 AND amount)
        )
    """)
    op.execute("CREATE INDEX ix_payment_order_payer_id ON payment_order (payer_id)")
    op.execute("""
        CREATE TABLE payment (
            id uuid CONSTRAINT pk_payment PRIMARY KEY,
            order_id uuid CONSTRAINT fk_payment_order_id REFERENCES payment_order (id),
            payer_id uuid NOT NULL CONSTRAINT fk_payment_payer_id REFERENCES users (id),
            purpose varchar NOT NULL CONSTRAINT ck_payment_purpose CHECK (purpose IN ('order', 'top_up')),
            gateway varchar NOT NULL,
            amount bigint NOT NULL,
            currency char(3) NOT NULL,
            captured bigint NOT NULL DEFAULT 0,
            description varchar NOT NULL,
            status varchar NOT NULL CONSTRAINT ck_payment_status CHECK (status IN (
                'initiating', 'awaiting_payer', 'captured', 'expired', 'failed', 'cancelled', 'unknown', 'conflicted')),
            create_calls bigint NOT NULL DEFAULT 0,
            payment_ref varchar,
            pay_url varchar,
            expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL,
            polls bigint NOT NULL DEFAULT 0,
            next_poll_at timestamptz,
            CONSTRAINT ck_payment_order_id CHECK ((purpose = 'order') = (order_id IS NOT NULL)),
            CONSTRAINT ck_payment_amount CHECK (amount > 0 AND captured >= 0)
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX uq_payment_one_live ON payment (order_id) WHERE status IN ('initiating', 'awaiting_payer')
    """)
    op.execute("CREATE UNIQUE INDEX uq_payment_gateway_payment_ref ON payment (gateway, payment_ref)")
    op.execute("CREATE INDEX ix_payment_order_id ON payment (order_id)")
    op.execute("CREATE INDEX ix_payment_next_poll_at ON payment (next_poll_at) WHERE next_poll_at IS NOT NULL")
    op.execute("""
        CREATE TABLE webhook_ping (
            id uuid CONSTRAINT pk_webhook_ping PRIMARY KEY,
            payment_id uuid NOT NULL CONSTRAINT fk_webhook_ping_payment_id REFERENCES payment (id),
            payment_ref varchar,
            received_at timestamptz NOT NULL DEFAULT now(),
            taken_at timestamptz
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX uq_webhook_ping_waiting ON webhook_ping (payment_id, coalesce(payment_ref, ''))
        WHERE taken_at IS NULL
    """)
    grant("SELECT, INSERT, UPDATE", "payment_order", "payment", "webhook_ping")


def downgrade() -> None:
    """Drop them."""
    for table in ("webhook_ping", "payment", "payment_order"):
        op.execute(f"DROP TABLE {table}")
