"""Events, deliveries, idempotency keys and the business clock."""

from alembic import op

from app.infra.grants import grant

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of reliable work."""
    op.execute("""
        CREATE TABLE event (
            id uuid CONSTRAINT pk_event PRIMARY KEY,
            type varchar NOT NULL,
            payload jsonb NOT NULL,
            correlation_id varchar NOT NULL,
            reactions bigint NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
    """)
    op.execute("""
        CREATE TABLE delivery (
            id uuid CONSTRAINT pk_delivery PRIMARY KEY,
            seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
            event_id uuid NOT NULL CONSTRAINT fk_delivery_event_id REFERENCES event (id),
            task varchar NOT NULL,
            queue varchar NOT NULL,
            ordering_key varchar,
            state varchar NOT NULL DEFAULT 'pending' CONSTRAINT ck_delivery_state CHECK (
                state IN ('pending', 'published', 'running', 'retry', 'done', 'dead', 'discarded')),
            tries bigint NOT NULL,
            cap_seconds bigint NOT NULL,
            attempts bigint NOT NULL DEFAULT 0,
            attempts_left bigint NOT NULL,
            rescues bigint NOT NULL DEFAULT 0,
            fence bigint NOT NULL DEFAULT 0,
            available_at timestamptz NOT NULL DEFAULT now(),
            published_at timestamptz,
            started_at timestamptz,
            lease_until timestamptz,
            finished_at timestamptz,
            worker varchar,
            discard_reason varchar,
            discarded_by uuid
        ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)
    """)
    op.execute("CREATE INDEX ix_delivery_due ON delivery (queue, seq) WHERE state IN ('pending', 'retry')")
    op.execute("CREATE INDEX ix_delivery_in_flight ON delivery (queue) WHERE state IN ('published', 'running')")
    op.execute("""
        CREATE INDEX ix_delivery_order ON delivery (ordering_key, seq)
        WHERE ordering_key IS NOT NULL AND state IN ('pending', 'published', 'running', 'retry')
    """)
    op.execute(
        "CREATE UNIQUE INDEX uq_delivery_one_running_in_order ON delivery (ordering_key) WHERE state = 'running'"
    )
    op.execute("CREATE INDEX ix_delivery_dead ON delivery (seq) WHERE state = 'dead'")
    op.execute("CREATE INDEX ix_delivery_event_id ON delivery (event_id)")
    op.execute("""
        CREATE TABLE delivery_attempt (
            delivery_id uuid NOT NULL CONSTRAINT fk_delivery_attempt_delivery_id REFERENCES delivery (id),
            n bigint NOT NULL,
            started_at timestamptz NOT NULL,
            ended_at timestamptz NOT NULL,
            worker varchar NOT NULL,
            outcome varchar NOT NULL,
            error varchar,
            traceback varchar,
            CONSTRAINT pk_delivery_attempt PRIMARY KEY (delivery_id, n)
        )
    """)
    op.execute("""
        CREATE TABLE idempotency_key (
            scope varchar NOT NULL,
            key varchar NOT NULL,
            fingerprint bytea NOT NULL,
            status bigint NOT NULL,
            headers jsonb NOT NULL,
            body bytea NOT NULL,
            created_at timestamptz NOT NULL,
            CONSTRAINT pk_idempotency_key PRIMARY KEY (scope, key)
        )
    """)
    op.execute("CREATE INDEX ix_idempotency_key_created_at ON idempotency_key (created_at)")
    op.execute("CREATE TABLE relay_sleep (sleeping boolean NOT NULL)")
    op.execute("INSERT INTO relay_sleep VALUES (true)")
    op.execute("""
        CREATE TABLE business_clock (
            offset_seconds bigint NOT NULL CONSTRAINT ck_business_clock_offset_seconds CHECK (offset_seconds >= 0)
        )
    """)
    op.execute("INSERT INTO business_clock VALUES (0)")
    grant("SELECT, INSERT", "event", "delivery_attempt")
    grant("SELECT, INSERT, UPDATE", "delivery")
    grant("SELECT, INSERT, UPDATE, DELETE", "idempotency_key")
    grant("SELECT, UPDATE", "relay_sleep", "business_clock")


def downgrade() -> None:
    """Drop them."""
    for table in ("business_clock", "relay_sleep", "idempotency_key", "delivery_attempt", "delivery", "event"):
        op.execute(f"DROP TABLE {table}")
