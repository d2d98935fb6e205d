"""The small application, served to tests in this process, or over real sockets by many threads."""

from __future__ import annotations

import httpx
import pytest

from tests.patience import PATIENCE_SECONDS
from tests.served import served as served_on_loopback
from tests.web import small_app


@pytest.fixture(scope="session")
def small(services):
    return small_app.make_app()


@pytest.fixture
def web(small):
    """Return a client of the small application, for what needs no database."""
    return small.test_client()


@pytest.fixture
def tables(plumbing):
    """Make the tables of the small application, or empty them, and return the owner's connection."""
    plumbing.execute("CREATE TABLE IF NOT EXISTS work (id uuid PRIMARY KEY, title text)")
    plumbing.execute("CREATE TABLE IF NOT EXISTS watched (id uuid PRIMARY KEY, version bigint NOT NULL)")
    plumbing.execute("GRANT SELECT, INSERT, UPDATE ON work, watched TO amana_app")
    plumbing.execute("DELETE FROM work")
    plumbing.execute("DELETE FROM watched")
    return plumbing


@pytest.fixture
def served(small):
    """Serve the small application on loopback, one thread for each connection, and return its address."""

    with served_on_loopback(small) as address:
        yield f"{address}/api/v1"


@pytest.fixture(scope="session")
def http():
    """Return a client that many threads may use at once."""
    with httpx.Client(timeout=PATIENCE_SECONDS) as client:
        yield client


def assert_problem(answer, status, code):
    """Check everything that is true of every problem, and return its body."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    body = answer.get_json()
    assert set(body) == {"type", "title", "status", "detail", "instance", "code"} | (
        {"errors"} if status == 422 else set()
    )
    assert (body["status"], body["code"], body["type"]) == (status, code, f"/problems/{code}")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == answer.headers["X-Request-Id"]
    return body
