"""Escrows."""

from alembic import op

from app.infra.grants import grant

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table of escrows."""
    op.execute("""
        CREATE TABLE escrow (
            booking_id uuid CONSTRAINT pk_escrow PRIMARY KEY,
            order_id uuid NOT NULL CONSTRAINT fk_escrow_order_id REFERENCES payment_order (id),
            payer_id uuid NOT NULL CONSTRAINT fk_escrow_payer_id REFERENCES users (id),
            mentor_id uuid NOT NULL CONSTRAINT fk_escrow_mentor_id REFERENCES users (id),
            amount bigint NOT NULL CONSTRAINT ck_escrow_amount CHECK (amount > 0),
            currency char(3) NOT NULL,
            fee_basis_points bigint NOT NULL,
            status varchar NOT NULL CONSTRAINT ck_escrow_status
                CHECK (status IN ('funded', 'frozen', 'released', 'refunded')),
            funded_at timestamptz NOT NULL,
            ended_at timestamptz
        )
    """)
    grant("SELECT, INSERT, UPDATE", "escrow")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE escrow")
