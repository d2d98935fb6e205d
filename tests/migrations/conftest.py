"""Databases that stand at one revision or another."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import psycopg
import pytest
from alembic import command
from alembic.config import Config

from embedded.cluster import Database
from embedded.services import Services
from tests.architecture.sources import ROOT
from tests.conftest import forget_connections, use

_numbers = itertools.count(1)


@pytest.fixture
def make_database(services: Services) -> Iterator[Callable[[str], Database]]:
    """Return a function that makes a database from a template: `amana` is migrated, `template1` is empty."""
    made: list[Database] = []

    def make(template: str) -> Database:
        database = services.cluster.create_database(f"migrating_{next(_numbers)}", template)
        made.append(database)
        use(database, services.broker_url)
        return database

    yield make
    forget_connections()
    for database in made:
        services.cluster.drop_database(database.name)


@pytest.fixture
def alembic() -> Config:
    """Return alembic's configuration; where it goes is said by the environment (migrations/env.py)."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


@pytest.fixture
def migrate(alembic: Config) -> Callable[[str], None]:
    """Return a function that takes the database of this test to a revision, up or down."""

    def to(revision: str) -> None:
        down = revision == "base" or revision.startswith("-")
        (command.downgrade if down else command.upgrade)(alembic, revision)

    return to


@pytest.fixture
def empty(make_database: Callable[[str], Database]) -> Iterator[psycopg.Connection]:
    """Return the owner's connection to a database in which no migration has run."""
    with psycopg.connect(make_database("template1").owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def migrated(make_database: Callable[[str], Database]) -> Iterator[psycopg.Connection]:
    """Return the owner's connection to a database at the head."""
    with psycopg.connect(make_database("amana").owner_url, autocommit=True) as connection:
        yield connection
