"""Bookings."""

from alembic import op

from app.infra.grants import grant

revision = "0008"
down_revision = "0007"

ACTIVE = "status IN ('awaiting_payment', 'confirmed', 'completed', 'closed', 'disputed')"


def upgrade() -> None:
    """Make the table of bookings with its two walls against double booking.

    btree_gist comes with the database where `deploy/roles.sh` or the supervisor made it; elsewhere its owner, who may,
    makes it here. It stays on the way down: others may use it.
    """
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(f"""
        CREATE TABLE booking (
            id uuid CONSTRAINT pk_booking PRIMARY KEY,
            mentor_id uuid NOT NULL CONSTRAINT fk_booking_mentor_id REFERENCES mentor (id),
            learner_id uuid NOT NULL CONSTRAINT fk_booking_learner_id REFERENCES users (id),
            offering_id uuid NOT NULL CONSTRAINT fk_booking_offering_id REFERENCES offering (id),
            order_id uuid NOT NULL CONSTRAINT fk_booking_order_id REFERENCES payment_order (id),
            title varchar NOT NULL,
            duration_minutes bigint NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL,
            during tstzrange NOT NULL GENERATED ALWAYS AS (tstzrange(starts_at, ends_at)) STORED,
            status varchar NOT NULL CONSTRAINT ck_booking_status CHECK (status IN (
                'awaiting_payment', 'confirmed', 'completed', 'closed', 'cancelled', 'expired', 'paid_late',
                'disputed')),
            note varchar NOT NULL,
            amount bigint NOT NULL,
            currency char(3) NOT NULL,
            fee_basis_points bigint NOT NULL,
            expires_at timestamptz NOT NULL,
            meeting_url varchar,
            cancelled_by uuid CONSTRAINT fk_booking_cancelled_by REFERENCES users (id),
            reason varchar,
            created_at timestamptz NOT NULL,
            CONSTRAINT ck_booking_times CHECK (ends_at > starts_at),
            CONSTRAINT ck_booking_people CHECK (learner_id <> mentor_id),
            CONSTRAINT ex_booking_mentor EXCLUDE USING gist (mentor_id WITH =, during WITH &&) WHERE ({ACTIVE}),
            CONSTRAINT ex_booking_learner EXCLUDE USING gist (learner_id WITH =, during WITH &&) WHERE ({ACTIVE})
        )
    """)
    op.execute("CREATE UNIQUE INDEX uq_booking_order_id ON booking (order_id)")
    op.execute("CREATE INDEX ix_booking_unpaid ON booking (expires_at) WHERE status = 'awaiting_payment'")
    op.execute("""
        CREATE INDEX ix_booking_to_end ON booking (status, ends_at) WHERE status IN ('confirmed', 'completed')
    """)
    op.execute("CREATE INDEX ix_booking_mentor_id_starts_at ON booking (mentor_id, starts_at)")
    op.execute("CREATE INDEX ix_booking_learner_id_starts_at ON booking (learner_id, starts_at)")
    grant("SELECT, INSERT, UPDATE", "booking")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE booking")
