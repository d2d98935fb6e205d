"""What processes count, how the checks of health stand, and canaries."""

from alembic import op

from app.infra.grants import grant

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables; begin to count captures with those that there are."""
    op.execute("""
        CREATE TABLE metric (
            name varchar NOT NULL,
            labels jsonb NOT NULL,
            value double precision NOT NULL,
            begun_at timestamptz,
            changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CONSTRAINT pk_metric PRIMARY KEY (name, labels)
        ) WITH (fillfactor = 50)
    """)
    op.execute("""
        INSERT INTO metric (name, labels, value)
        SELECT 'amana_captures_total', jsonb_build_object('gateway', gateway, 'currency', currency), count(*)
        FROM payment WHERE status = 'captured' GROUP BY gateway, currency
        UNION ALL
        SELECT 'amana_captured_minor_total', jsonb_build_object('gateway', gateway, 'currency', currency), sum(captured)
        FROM payment WHERE captured > 0 GROUP BY gateway, currency
    """)
    op.execute("""
        CREATE TABLE health_check (
            name varchar CONSTRAINT pk_health_check PRIMARY KEY,
            verdict varchar NOT NULL CONSTRAINT ck_health_check_verdict
                CHECK (verdict IN ('healthy', 'degraded', 'unhealthy')),
            since timestamptz NOT NULL,
            looked_at timestamptz NOT NULL
        )
    """)
    op.execute("""
        CREATE INDEX ix_delivery_canary ON delivery (queue, seq) WHERE task = 'tasks.maintenance.answer_canary'
    """)
    op.execute("CREATE INDEX ix_escrow_held ON escrow (currency, amount) WHERE status IN ('funded', 'frozen')")
    _let_canaries_be_purged()
    grant("SELECT, INSERT, UPDATE", "metric", "health_check")


def _let_canaries_be_purged() -> None:
    """Events are append-only. Canaries alone may go, by this function, and never the last one that came through."""
    op.execute("""
        CREATE FUNCTION purge_canaries() RETURNS bigint
        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            WITH old AS (
                SELECT d.id, d.event_id FROM delivery AS d JOIN event AS e ON e.id = d.event_id
                WHERE d.task = 'tasks.maintenance.answer_canary' AND d.state IN ('done', 'discarded')
                    AND e.type = 'CanarySent' AND EXISTS (
                        SELECT FROM delivery AS newer
                        WHERE newer.task = 'tasks.maintenance.answer_canary' AND newer.state = 'done'
                            AND newer.queue = d.queue AND newer.seq > d.seq)
            ), attempts AS (
                DELETE FROM delivery_attempt USING old WHERE delivery_id = old.id
            ), deliveries AS (
                DELETE FROM delivery USING old WHERE delivery.id = old.id
            ), events AS (
                DELETE FROM event USING old WHERE event.id = old.event_id
            )
            SELECT count(*) FROM old
        $$
    """)
    op.execute("REVOKE EXECUTE ON FUNCTION purge_canaries() FROM PUBLIC")
    grant("EXECUTE", "FUNCTION purge_canaries()")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION purge_canaries()")
    op.execute("DROP INDEX ix_escrow_held")
    op.execute("DROP INDEX ix_delivery_canary")
    for table in ("health_check", "metric"):
        op.execute(f"DROP TABLE {table}")
