"""deploy/roles.sh gives a bare PostgreSQL the two roles: who migrates, and who may do what was granted."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import psycopg
import pytest

from embedded.binaries import find_postgres
from embedded.cluster import Database
from tests.architecture.sources import ROOT
from tests.environment import ENVIRONMENT
from tests.patience import eventually

NAME = "deployed"


@pytest.fixture(scope="module")
def bare(services):
    """Return the URLs of roles and of a database that the server does not have, and remove them afterwards."""
    url = services.cluster.database(NAME).url
    host = url.rpartition("@")[2]
    yield Database(NAME, f"postgresql://sailor:rope@{host}", f"postgresql://captain:wheel@{host}")
    services.cluster.drop_database(NAME)
    with psycopg.connect(services.cluster.superuser_url(), autocommit=True) as superuser:
        for role in ("sailor", "captain"):
            superuser.execute(f"DROP ROLE IF EXISTS {role}")


def make_roles(services, database, **more):
    cluster = services.cluster
    environment = {
        "PATH": f"{find_postgres().programs}:{os.environ['PATH']}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(cluster.port),
        "PGPASSWORD": cluster.superuser_password,
        "DATABASE_URL": database.url,
        "MIGRATION_DATABASE_URL": database.owner_url,
        **more,
    }
    command = ["bash", str(ROOT / "deploy/roles.sh")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def made(services, bare):
    ran = make_roles(services, bare)
    assert ran.returncode == 0, ran.stderr
    return bare


def test_the_owner_can_migrate_and_the_runtime_role_can_work(made):
    environment = {**ENVIRONMENT, "PATH": os.environ["PATH"], "BROKER_URL": "redis://127.0.0.1:1/0"}
    environment |= {"DATABASE_URL": made.url, "MIGRATION_DATABASE_URL": made.owner_url}

    def flask(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    migrated = flask("db", "upgrade")
    assert migrated.returncode == 0, migrated.stderr
    eventually(lambda: "database: healthy" in flask("health").stdout)


def test_the_runtime_role_can_make_no_table(made):
    with psycopg.connect(made.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE loot (id int)")


def test_neither_of_them_is_more_than_it_must_be(made, services):
    with psycopg.connect(services.cluster.superuser_url()) as superuser:
        rights = superuser.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
            " FROM pg_roles WHERE rolname IN ('captain', 'sailor')"
        ).fetchall()
    assert rights == [(False,) * 5] * 2


def test_others_are_not_let_in(made, services):
    stranger = services.cluster.database(NAME)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(stranger.url)


def test_to_run_it_again_brings_the_passwords_up_to_date(made, services):
    changed = replace(made, url=made.url.replace("rope", "chain"))
    assert make_roles(services, changed).returncode == 0
    with psycopg.connect(changed.url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("sailor",)
    assert make_roles(services, made).returncode == 0


def test_the_superuser_s_password_is_brought_up_to_date_too_where_it_is_named(made, services):
    cluster = services.cluster
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.superuser_url(), password="anchor")
    assert make_roles(services, made, POSTGRES_PASSWORD="anchor").returncode == 0
    try:
        psycopg.connect(cluster.superuser_url(), password="anchor").close()
    finally:
        again = {"PGPASSWORD": "anchor", "POSTGRES_PASSWORD": cluster.superuser_password}
        assert make_roles(services, made, **again).returncode == 0
    psycopg.connect(cluster.superuser_url()).close()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"DATABASE_URL": "postgresql://captain:wheel@db/deployed"}, "two roles and one database"),
        ({"DATABASE_URL": "postgresql://sailor:rope@db/elsewhere"}, "two roles and one database"),
        ({"DATABASE_URL": "postgresql://sailor:r%40pe@db/deployed"}, "Only letters, digits"),
        ({"DATABASE_URL": "postgresql://sailor:r'pe@db/deployed"}, "Only letters, digits"),
        ({"MIGRATION_DATABASE_URL": ""}, "names the owner"),
        ({"POSTGRES_PASSWORD": "change-me"}, "documented example"),
        ({"DATABASE_URL": "postgresql://sailor:change-me@db/deployed"}, "documented example"),
        ({"MIGRATION_DATABASE_URL": "postgresql://captain:change-me@db/deployed"}, "documented example"),
    ],
)
def test_urls_that_cannot_be_right_are_refused_and_no_password_is_told(made, services, wrong, sentence):
    ran = make_roles(services, made, **wrong)
    assert ran.returncode != 0
    assert sentence in ran.stderr
    assert "rope" not in ran.stderr
