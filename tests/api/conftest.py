"""One scene for the whole folder: all that these tests send is refused, and must leave it as it is."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from embedded.cluster import Database
from embedded.ports import LOOPBACK
from embedded.services import Services
from sandbox.server import Sandbox
from tests.api.scene import Scene, set_scene
from tests.booking.conftest import configure, forget_settings, outside, world
from tests.booking.world import World
from tests.conftest import TEMPLATE, move_to
from tests.draining import drain_deliveries

__all__ = ["configure", "outside", "world"]


@pytest.fixture(scope="session")
def stage(services: Services) -> Iterator[Database]:
    """Make the database in which the scene is set once."""
    made = services.cluster.create_database("test_scene", TEMPLATE)
    yield made
    services.cluster.drop_database(made.name)


@pytest.fixture(scope="session")
def kept_scene(services: Services, stage: Database, flask_app: Flask, outside: Sandbox) -> Scene:
    """Set the scene."""
    go_on(services, stage, outside)
    return set_scene(World(flask_app, outside, drain_deliveries))


@pytest.fixture
def scene(services: Services, stage: Database, outside: Sandbox, kept_scene: Scene) -> Iterator[Scene]:
    """Return people and things that exist; whatever the test sends must leave all tables as they are."""
    go_on(services, stage, outside)
    with psycopg.connect(stage.owner_url, autocommit=True) as owner:
        before = contents(owner)
        yield kept_scene
        after = contents(owner)
    forget_settings()
    assert [table for table in before if before[table] != after[table]] == []


def go_on(services: Services, stage: Database, outside: Sandbox) -> None:
    """Point the settings of this process at the database of the scene and at the outside world."""
    move_to(services, stage)
    os.environ.update(KONNECT_BASE_URL=outside.konnect_url, KONNECT_PAY_HOSTS=LOOPBACK, SMTP_URL=outside.smtp_url)
    forget_settings()


def contents(owner: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a fingerprint of them; requests are counted in `metric`, all of them."""
    tables = owner.execute("""
        SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables
        WHERE schemaname IN ('public', 'ledger') AND tablename <> 'metric'
    """).fetchall()
    look = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
    return {table: owner.execute(look.format(table)).fetchone() for (table,) in tables}
