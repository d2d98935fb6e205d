"""Revisions: one line of them, each with its way back, on an empty database and on one that is in use."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import timedelta

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql

from app.infra.clock import business_now
from app.infra.db import SCHEMA, session_scope
from tests.architecture.sources import ROOT
from tests.conftest import forget_connections
from tests.factories.identity import make_user
from tests.factories.mentors import make_mentor, make_offering
from tests.factories.payments import tnd
from tests.migrations.catalog import read_catalog
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def revisions(alembic):
    """Return all revisions, the first one first."""
    return list(ScriptDirectory.from_config(alembic).walk_revisions())[::-1]


def test_there_is_one_head_and_one_line(alembic, revisions):
    assert len(ScriptDirectory.from_config(alembic).get_heads()) == 1
    assert [revision.down_revision for revision in revisions] == [None, *(r.revision for r in revisions[:-1])]


def test_the_code_asks_for_the_last_one(alembic):
    """`/health/ready` compares it with what the database says."""
    assert ScriptDirectory.from_config(alembic).get_current_head() == SCHEMA


def test_revisions_are_numbered_as_their_files_are(revisions):
    for number, revision in enumerate(revisions, 1):
        assert revision.revision == f"{number:04}"
        assert re.fullmatch(rf"{number:04}_[a-z_]+\.py", os.path.basename(revision.path))  # noqa: PTH119 - a text


def test_each_step_up_is_undone_by_its_step_down(empty, migrate, revisions):
    """The way back leaves nothing behind and takes nothing with it that was there before."""
    for _ in revisions:
        before = read_catalog(empty)
        migrate("+1")
        after = read_catalog(empty)
        assert after > before or after - before
        migrate("-1")
        assert read_catalog(empty) == before
        migrate("+1")
        assert read_catalog(empty) == after


def test_a_database_whose_owner_has_not_made_the_extension_is_given_it(empty, migrate):
    empty.execute("DROP EXTENSION btree_gist")
    migrate("head")
    assert ("extensions", "btree_gist") in read_catalog(empty)


def test_all_the_way_down_and_up_again_is_the_same(empty, migrate):
    nothing = read_catalog(empty)
    migrate("head")
    everything = read_catalog(empty)
    migrate("base")
    assert read_catalog(empty) == nothing
    migrate("head")
    assert read_catalog(empty) == everything


def test_a_database_in_use_goes_down_and_up_again(flask_app, migrated, migrate):
    everything = read_catalog(migrated)
    fill()
    forget_connections()
    filled = {name for name, rows in counted(migrated).items() if rows}
    assert filled >= {
        "users", "mentor", "offering", "booking", "payment_order", "payment", "escrow", "event", "delivery",
        "ledger.account", "ledger.txn", "ledger.entry", "ledger.hold",
    }  # fmt: skip
    migrate("base")
    assert counted(migrated) == {"alembic_version": 0}
    migrate("head")
    assert read_catalog(migrated) == everything
    fill()


def fill():
    """Have a mentor, and two who book: one pays from a wallet, the other has not paid yet."""
    from app.booking import service as booking  # noqa: PLC0415 - rooms read settings, which the fixture has set
    from app.ledger import accounts  # noqa: PLC0415
    from app.ledger import service as ledger  # noqa: PLC0415

    with session_scope() as session:
        mentor, rich, poor = make_mentor(session), make_user(session), make_user(session)
        offering = make_offering(session, mentor, price=tnd(45_000))
        for user, minor in ((rich, 45_000), (poor, 5_000)):
            lines = {accounts.psp("konnect"): tnd(-minor), accounts.deposit(user.id): tnd(minor)}
            ledger.post(session, f"capture:{user.id}", "capture", lines)
        day = business_now(session).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=3)
        booking.book(session, rich.id, offering.id, day, "")
        booking.book(session, poor.id, offering.id, day + timedelta(hours=1), "")


def counted(connection):
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    return {
        name if schema == "public" else f"{schema}.{name}": connection.execute(
            sql.SQL("SELECT count(*) FROM {}.{}").format(sql.Identifier(schema), sql.Identifier(name))
        ).fetchone()[0]
        for schema, name in tables
    }


def test_two_that_migrate_at_once_take_turns(empty):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    said = [process.communicate(timeout=PATIENCE_SECONDS)[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert counted(empty)["alembic_version"] == 1


def test_a_migration_that_would_have_to_wait_gives_up_and_changes_nothing(migrated, migrate, make_database):
    """While it waits for its lock, every query on the table would wait behind it."""
    everything = read_catalog(migrated)
    with psycopg.connect(migrated.info.dsn, password=migrated.info.password) as reader:
        for name in counted(reader):
            reader.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(sql.Identifier(*name.split("."))))
        with pytest.raises(Exception, match="lock timeout"):
            migrate("base")
    assert read_catalog(migrated) == everything
