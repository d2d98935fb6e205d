"""One scene with everything in it that a path can name, and a look at all tables before and after."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.api.scene import Scene, set_scene
from tests.booking.conftest import configure, outside, world
from tests.booking.world import World

__all__ = ["configure", "outside", "world"]


@pytest.fixture
def scene(world: World, owner: psycopg.Connection) -> Iterator[Scene]:
    """Return people and things that exist; whatever the test sends must leave all tables as they are."""
    made = set_scene(world)
    before = contents(owner)
    yield made
    after = contents(owner)
    assert [table for table in before if before[table] != after[table]] == []


def contents(owner: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a fingerprint of them."""
    tables = owner.execute("""
        SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname IN ('public', 'ledger')
    """).fetchall()
    look = "SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
    return {table: owner.execute(look.format(table)).fetchone() for (table,) in tables}
