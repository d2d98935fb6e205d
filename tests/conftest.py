"""Real services for every test: PostgreSQL and Valkey of this run alone, and an empty migrated database for each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import make_url
from xdist.remote import Producer

from app.infra import config, db
from embedded.cluster import Database
from embedded.given import GIVEN
from embedded.services import Services, throwaway_services
from tests.emptied import empty
from tests.environment import ENVIRONMENT
from tests.patience import PATIENCE_SECONDS
from tests.promised import Promised
from tests.turns import Turns, in_turns

ROOT = Path(__file__).parent.parent
TEMPLATE = "amana"

# Tests kill, flush and empty their servers: those of whoever runs them are forgotten before anything can reach them,
# with all other settings.
for _name in (*GIVEN, *(field.metadata["variable"] for field in fields(config.Settings))):
    os.environ.pop(_name, None)

# Examples that are slow, or slow to make, on a busy machine are no failure.
hypothesis_settings.register_profile("amana", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("amana")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the long tests over the run."""
    items[:] = in_turns(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Turns:
    """Have workers take their turns as tests/turns.py says."""
    return Turns(config, log)


@pytest.fixture(scope="session", autouse=True)
def limits() -> Iterator[None]:
    """Have this process wait for its database and its reports as long as a slow machine needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.infra.db.LOCK_SECONDS", int(PATIENCE_SECONDS))
        patch.setattr("app.infra.db.POOL_SECONDS", int(PATIENCE_SECONDS))
        patch.setattr("app.infra.db.CONNECT_SECONDS", int(PATIENCE_SECONDS))
        patch.setattr("app.infra.db.IDLE_SECONDS", 2 * int(PATIENCE_SECONDS))
        patch.setattr("app.infra.probe.CONNECT_SECONDS", int(PATIENCE_SECONDS))
        patch.setattr("app.infra.probe.STATEMENT_SECONDS", int(PATIENCE_SECONDS))
        patch.setattr("app.infra.sentry.FLUSH_SECONDS", PATIENCE_SECONDS)
        yield


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Start the servers, and migrate the database that all others are copied from."""
    with throwaway_services(tmp_path_factory.mktemp("services")) as running:
        use(running.database, running.broker_url)
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        yield running


@pytest.fixture(scope="session")
def kept_database(services: Services) -> Iterator[Database]:
    """Make the database that is emptied for each test: a copy for each would take thirty times as long."""
    made = services.cluster.create_database("test_kept", TEMPLATE)
    yield made
    forget_connections()
    services.cluster.drop_database(made.name)


@pytest.fixture
def database(kept_database: Database, services: Services) -> Iterator[Database]:
    """Return an empty database; the code under test connects to it with the runtime role."""
    empty(services, kept_database.name)
    move_to(services, kept_database)
    yield kept_database
    forget_lost_connections()


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """Return a connection of the owner, for what the runtime role may not do or see."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def shared_database(services: Services) -> Iterator[Database]:
    """Make one more database, for the tests of the plumbing that run in this process."""
    made = services.cluster.create_database("test_plumbing", TEMPLATE)
    yield made
    forget_connections()
    services.cluster.drop_database(made.name)


@pytest.fixture
def plumbing(services: Services, shared_database: Database) -> Iterator[psycopg.Connection]:
    """Empty the tables of the plumbing in a shared database, use it, and return a connection of its owner.

    Much quicker than a database of one's own, and enough for what touches no table of a room.
    """
    if config.settings().database_url != shared_database.url:
        move_to(services, shared_database)
    with psycopg.connect(shared_database.owner_url, autocommit=True) as connection:
        for table in ("delivery_attempt", "delivery", "event", "idempotency_key", "metric"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE relay_sleep SET sleeping = true")
        connection.execute("UPDATE business_clock SET offset_seconds = 0")
        yield connection


@pytest.fixture(scope="session")
def flask_app(services: Services) -> Flask:
    """Return the application, built once: it finds the database of each test by its settings.

    Whatever a test asks of it, an answer that the API document does not promise fails the test.
    """
    from app.factory import create_app  # noqa: PLC0415 - it reads the settings, which `services` has set

    app = create_app()
    Promised(app).watch()
    return app


@pytest.fixture
def client(flask_app: Flask, database: Database) -> FlaskClient:
    """Return an HTTP client of the application on this test's database."""
    return flask_app.test_client()


@pytest.fixture
def drain(database: Database, services: Services) -> Callable[[], int]:
    """Return a function that runs all due deliveries in this process until none is left, and returns how many ran."""
    from tests.draining import drain_deliveries  # noqa: PLC0415 - it builds the Celery app from the settings

    return drain_deliveries


def move_to(services: Services, database: Database) -> None:
    """Use this database; whoever still listens to another one is cut off, and looks for the settings anew."""
    has_moved = os.environ.get("DATABASE_URL") != database.url
    use(database, services.broker_url)
    if not has_moved:
        return
    with psycopg.connect(services.cluster.superuser_url(), autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'amana_app' AND datname <> %s",
            [database.name],
        )


def use(database: Database, broker_url: str) -> None:
    """Point the settings of this process, and of its children, at these services."""
    os.environ.update(
        ENVIRONMENT,
        DATABASE_URL=database.url,
        MIGRATION_DATABASE_URL=database.owner_url,
        BROKER_URL=broker_url,
    )
    config.settings.cache_clear()
    if any(engine.url != make_url(db.driver_url(database.url)) for engine in db._engines.values()):
        forget_connections()


def forget_lost_connections() -> None:
    """Close this process's pool if a test has left with one of its connections.

    Otherwise the next test goes on with it, and with what SQLAlchemy and PostgreSQL have prepared: that takes longer to
    make than most tests take.
    """
    if any(engine.pool.checkedout() for engine in db._engines.values()):
        forget_connections()


def forget_connections() -> None:
    """Close this process's pool, so that the next use connects to the database of its own test."""
    for engine in db._engines.values():
        engine.dispose()
    db._engines.clear()
