"""Rights: the runtime role may do what it must and nothing more, whatever the code above it tries."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from app.infra import grants
from app.infra.db import session_scope
from app.infra.outbox import record
from app.infra.outbox.events import DeliveryDied
from app.kernel.ids import new_id


@pytest.fixture
def runtime(plumbing, shared_database, flask_app):
    """Return a connection of the runtime role; there is an event, and a delivery with an attempt."""
    with session_scope() as session:
        record(session, DeliveryDied(delivery_id=new_id()))
    plumbing.execute(
        "INSERT INTO delivery_attempt (delivery_id, n, started_at, ended_at, worker, outcome)"
        " SELECT id, 1, now(), now(), 'w', 'done' FROM delivery"
    )
    with psycopg.connect(shared_database.url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET payload = '{}'",
        "DELETE FROM event",
        "TRUNCATE event CASCADE",
        "UPDATE delivery_attempt SET outcome = 'done'",
        "DELETE FROM delivery_attempt",
        "DELETE FROM delivery",
        "INSERT INTO relay_sleep VALUES (true)",
        "DELETE FROM relay_sleep",
        "DELETE FROM business_clock",
        "INSERT INTO ledger.entry DEFAULT VALUES",
        "UPDATE ledger.account SET posted = 1",
        "DELETE FROM ledger.txn",
        "SELECT * FROM alembic_version",
        "UPDATE alembic_version SET version_num = '0000'",
        "DROP TABLE event",
        "ALTER TABLE event ADD COLUMN more text",
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "CREATE TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "SET ROLE amana_owner",
        "COPY event TO PROGRAM 'true'",
    ],
)
def test_the_runtime_role_may_not(runtime, statement):
    with pytest.raises(InsufficientPrivilege) as refusal:
        runtime.execute(statement)
    assert refusal.value.sqlstate == "42501"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM event",
        "SELECT * FROM delivery_attempt",
        "UPDATE delivery SET state = 'published'",
        "UPDATE relay_sleep SET sleeping = true",
        "UPDATE business_clock SET offset_seconds = 0",
        "DELETE FROM idempotency_key",
        "SELECT * FROM ledger.entry",
    ],
)
def test_the_runtime_role_may(runtime, statement):
    runtime.execute(statement)


def test_the_runtime_role_owns_nothing_and_is_nobody_special(runtime, plumbing):
    owned = plumbing.execute("SELECT relname FROM pg_class WHERE relowner = 'amana_app'::regrole").fetchall()
    assert owned == []
    role = plumbing.execute("""
        SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
        FROM pg_roles WHERE rolname = 'amana_app'
    """).fetchone()
    assert role == (False,) * 5
    members = plumbing.execute("SELECT 1 FROM pg_auth_members WHERE member = 'amana_app'::regrole").fetchall()
    assert members == []


def test_the_runtime_role_may_truncate_nothing_and_change_no_history(runtime, plumbing):
    held = plumbing.execute("""
        SELECT c.oid::regclass::text, privilege_type FROM pg_class AS c, aclexplode(relacl)
        WHERE grantee = 'amana_app'::regrole AND relkind = 'r'
    """).fetchall()
    rights = {privilege for _, privilege in held}
    assert rights <= {"SELECT", "INSERT", "UPDATE", "DELETE"}
    append_only = {"event", "delivery_attempt"}
    assert {(table, right) for table, right in held if table in append_only} == {
        (table, right) for table in append_only for right in ("SELECT", "INSERT")
    }
    assert {right for table, right in held if table.startswith("ledger.")} == {"SELECT"}


def test_the_owner_must_be_somebody_else(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://amana:x@127.0.0.1/amana")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://amana:y@127.0.0.1/amana")
    with pytest.raises(RuntimeError, match="must name two roles"):
        grants.runtime_role()


@pytest.mark.parametrize("variable", ["DATABASE_URL", "MIGRATION_DATABASE_URL"])
def test_an_address_without_a_role_is_refused_by_name(monkeypatch, variable):
    monkeypatch.setenv("DATABASE_URL", "postgresql://amana_app:x@127.0.0.1/amana")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://amana_owner:y@127.0.0.1/amana")
    monkeypatch.setenv(variable, "postgresql://127.0.0.1/amana")
    with pytest.raises(RuntimeError, match=f"{variable} must name a role"):
        grants.runtime_role()


def test_a_role_with_an_odd_name_is_quoted(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://od%22d%20role:x@127.0.0.1/amana")
    monkeypatch.setenv("MIGRATION_DATABASE_URL", "postgresql://amana_owner:y@127.0.0.1/amana")
    assert grants.runtime_role() == '"od""d role"'
