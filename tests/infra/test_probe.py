"""A look at the database ends when its time is up, whatever the server does meanwhile."""

from __future__ import annotations

import os
import signal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.infra.probe import probing
from tests.patience import PATIENCE_SECONDS, eventually


@pytest.fixture
def frozen():
    """Return a function that freezes a process of the server; it goes on when the test ends."""
    pids = []

    def freeze(pid):
        pids.append(pid)
        os.kill(pid, signal.SIGSTOP)

    yield freeze
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def test_a_server_that_freezes_is_given_up(plumbing, frozen):
    with probing(0.5) as session:
        frozen(session.scalar(text("SELECT pg_backend_pid()")))
        with pytest.raises(OperationalError):  # nothing else would ever end it
            session.execute(text("SELECT 1"))


def test_a_statement_that_fails_spoils_none_that_follows(plumbing):
    with probing(PATIENCE_SECONDS) as session:
        session.execute(text("SET statement_timeout = '50ms'"))
        with pytest.raises(OperationalError):
            session.execute(text("SELECT pg_sleep(9)"))
        assert session.scalar(text("SELECT 1")) == 1


def test_nothing_is_left_open(plumbing):
    mine = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'amana_app' AND datname = current_database()"
    (before,) = plumbing.execute(mine).fetchone()
    for _ in range(5):
        with probing(PATIENCE_SECONDS) as session:
            session.execute(text("SELECT 1"))
    eventually(lambda: plumbing.execute(mine).fetchone()[0] <= before)
