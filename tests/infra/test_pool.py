"""Connections that rested: whichever died meanwhile, no transaction notices."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import text

from app.infra import db
from app.infra.db import session_scope
from tests.patience import PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def empty_pool(plumbing):
    """Begin with no connection at all."""
    db.engine().dispose()


@pytest.fixture
def end(services):
    """Return a function that ends connections, as a server does that is shut down."""

    def end(backends):
        with psycopg.connect(services.cluster.superuser_url(), autocommit=True) as superuser:
            for pid in backends:
                assert superuser.execute("SELECT pg_terminate_backend(%s, 180000)", [pid]).fetchone() == (True,)

    return end


def backend():
    with session_scope() as session:
        return session.scalar(text("SELECT pg_backend_pid()"))


@pytest.fixture
def pings(empty_pool, monkeypatch):
    """Return the list of the signs of life that the server is asked for; no rest is a long one."""
    monkeypatch.setattr("app.infra.pool.REST_SECONDS", PATIENCE_SECONDS)
    asked = []
    do_ping = db.engine().dialect.do_ping
    monkeypatch.setattr(db.engine().dialect, "do_ping", lambda connection: asked.append(1) or do_ping(connection))
    return asked


def test_a_connection_that_was_just_used_is_used_again_and_nobody_asks(pings):
    assert backend() == backend()
    assert pings == []


def test_one_that_the_server_ended_is_replaced_before_it_is_used(pings, end):
    ended = backend()
    end([ended])
    assert backend() != ended
    assert pings == [1]


def test_so_are_all_that_rested_beside_it(end):
    with session_scope() as one, session_scope() as other:
        ended = [session.scalar(text("SELECT pg_backend_pid()")) for session in (one, other)]
    end(ended)
    with session_scope() as one, session_scope() as other:
        assert not set(ended) & {session.scalar(text("SELECT pg_backend_pid()")) for session in (one, other)}


def test_one_that_rested_long_is_asked_for_a_sign_of_life(pings, monkeypatch):
    monkeypatch.setattr("app.infra.pool.REST_SECONDS", 0)
    for _ in range(3):
        backend()
    assert pings == [1, 1]
