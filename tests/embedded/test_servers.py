"""What the embedded servers promise to those who connect."""

from __future__ import annotations

import psycopg
import pytest
import redis
from psycopg import errors

from embedded.cluster import OWNER, RUNTIME, SUPERUSER
from embedded.ports import ephemeral_start
from embedded.services import Services
from tests.patience import PATIENCE_SECONDS


def value(url: str, query: str):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


@pytest.mark.parametrize("role", [SUPERUSER, OWNER, RUNTIME])
def test_every_role_needs_its_password(servers: Services, role: str):
    url = f"postgresql://{role}:guess@127.0.0.1:{servers.cluster.port}/amana"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_the_broker_needs_its_password(servers: Services):
    with redis.Redis.from_url(servers.broker_url, socket_timeout=PATIENCE_SECONDS) as client:
        assert client.ping()
    port = servers.broker_url.rpartition(":")[2].split("/")[0]
    stranger = redis.Redis(port=int(port), socket_timeout=PATIENCE_SECONDS, retry=None)
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_ports_lie_below_those_of_outgoing_connections(servers: Services):
    assert servers.cluster.port < ephemeral_start() <= 32_768


def test_what_is_committed_is_on_disk(servers: Services):
    superuser = servers.cluster.superuser_url()
    assert [value(superuser, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]


def test_letters_of_every_alphabet_have_a_lower_case(servers: Services):
    assert value(servers.database.url, "SELECT lower('ÉÜŞ')") == "éüş"


def test_the_log_says_what_was_refused_and_not_whose_it_was(servers: Services, tmp_path_factory):
    log = tmp_path_factory.getbasetemp() / "servers0/logs/postgres.log"
    with psycopg.connect(servers.database.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TEMPORARY TABLE person (email text CONSTRAINT ck_tripwire CHECK (email IS NULL))")
        with pytest.raises(errors.CheckViolation):
            owner.execute("INSERT INTO person VALUES (%s)", ["canary@birdcage.test"])
    assert "ck_tripwire" in log.read_text()
    assert "canary" not in log.read_text()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "SELECT * FROM pg_authid",
        f"SET ROLE {OWNER}",
    ],
)
def test_the_runtime_role_may_connect_and_no_more(servers: Services, statement: str):
    runtime = psycopg.connect(servers.database.url, autocommit=True)
    with runtime as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_runtime_role_has_on_a_table_what_the_owner_grants(servers: Services):
    database = servers.cluster.create_database("granted")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("CREATE TABLE note (text text)")
        owner.execute(f"GRANT INSERT ON note TO {RUNTIME}")
    with psycopg.connect(database.url, autocommit=True) as runtime:
        runtime.execute("INSERT INTO note VALUES ('mine')")
        with pytest.raises(errors.InsufficientPrivilege):
            runtime.execute("SELECT * FROM note")


def test_the_owner_may_drop_the_extension_and_make_it_again(servers: Services):
    with psycopg.connect(servers.database.owner_url) as owner:
        owner.execute("DROP EXTENSION btree_gist")
        owner.execute("CREATE EXTENSION btree_gist")
        owner.execute(
            "CREATE TABLE stay (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&))"
        )
        owner.rollback()


def test_a_database_copied_from_a_template_has_its_rows_and_its_walls(servers: Services):
    template = servers.cluster.create_database("template_of_test")
    with psycopg.connect(template.owner_url) as owner:
        owner.execute("CREATE TABLE note AS SELECT 'from the template' AS text")
        owner.execute(f"GRANT SELECT ON note TO {RUNTIME}")
    copy = servers.cluster.create_database("copy_of_test", template.name)
    assert value(copy.url, "SELECT text FROM note") == "from the template"
    servers.cluster.drop_database(copy.name)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(copy.url)


def test_a_role_of_somebody_else_is_not_let_into_the_database(servers: Services):
    with psycopg.connect(servers.cluster.superuser_url(), autocommit=True) as superuser:
        superuser.execute("CREATE ROLE stranger LOGIN PASSWORD 'known'")
    url = f"postgresql://stranger:known@127.0.0.1:{servers.cluster.port}/amana"
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url)


def test_the_bootstrap_may_run_any_number_of_times(servers: Services):
    servers.cluster.bootstrap()
    servers.cluster.bootstrap()
    assert value(servers.database.url, "SELECT current_user") == RUNTIME
