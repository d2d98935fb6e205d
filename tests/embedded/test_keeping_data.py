"""What a PostgreSQL server keeps from start to start, and when it refuses to start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from embedded.cluster import Cluster
from embedded.errors import EmbeddedError, StartFailedError
from embedded.ports import free_port
from embedded.postgres import Postgres
from embedded.unprivileged import leave

PASSWORDS = ("superuser-secret", "owner-secret", "runtime-secret")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("kept") / "postgres"
    with server(directory) as postgres:
        postgres.cluster.bootstrap()
        with psycopg.connect(postgres.cluster.database().owner_url) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 'a row' AS text")
    yield directory
    leave(directory)


@contextlib.contextmanager
def server(home: Path, cluster: Cluster | None = None) -> Iterator[Postgres]:
    postgres = Postgres(home, home.parent / "postgres.log", cluster or Cluster(free_port(), *PASSWORDS))
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


def test_a_warm_restart_keeps_rows_and_takes_new_passwords_and_another_port(home: Path):
    cluster = Cluster(free_port(), PASSWORDS[0], "new-owner-secret", "new-runtime-secret")
    with server(home, cluster):
        cluster.bootstrap()
        with psycopg.connect(cluster.database().owner_url) as owner:
            assert owner.execute("SELECT text FROM kept").fetchone() == ("a row",)


def test_a_start_that_was_killed_while_it_made_the_data_leaves_no_half_of_them(tmp_path: Path):
    unfinished = tmp_path / "postgres/data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("half")
    with server(tmp_path / "postgres") as postgres:
        postgres.cluster.bootstrap()
    assert not unfinished.exists()


def test_data_of_another_password_are_refused_with_the_way_out(home: Path):
    cluster = Cluster(free_port(), "forgotten", *PASSWORDS[1:])
    with (
        pytest.raises(EmbeddedError, match=r"made with another password .* remove it to start anew"),
        server(home, cluster),
    ):
        pass


def test_data_of_another_version_are_refused_with_the_way_out(tmp_path: Path):
    (tmp_path / "postgres/data").mkdir(parents=True)
    (tmp_path / "postgres/data/PG_VERSION").write_text("13\n")
    with (
        pytest.raises(EmbeddedError, match=r"made by PostgreSQL 13, but .* remove the data"),
        server(tmp_path / "postgres"),
    ):
        pass


def test_a_second_server_on_the_same_data_fails_with_the_end_of_its_log(home: Path):
    with server(home) as running:
        with (
            pytest.raises(StartFailedError, match=r'lock file "postmaster\.pid" already exists'),
            server(home, running.cluster),
        ):
            pass
        assert running.process.running
