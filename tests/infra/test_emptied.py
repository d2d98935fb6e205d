"""Between two tests: the pool stays, and whoever else is still at work in the database is cut off."""

from __future__ import annotations

import psycopg
import pytest

from tests.emptied import empty
from tests.infra.test_pool import backend


def test_connections_of_the_pool_are_kept(database, services):
    before = backend()
    empty(services, database.name)
    assert backend() == before


def test_what_a_process_has_left_at_work_writes_nothing_any_more(database, services):
    with psycopg.connect(database.url) as left_behind:
        left_behind.execute("UPDATE metric SET value = value")
        empty(services, database.name)
        with pytest.raises(psycopg.OperationalError):
            left_behind.execute("SELECT 1")
    assert backend()
