"""Health: alive is who answers, ready is who can work."""

from __future__ import annotations

from http import HTTPStatus

from app.infra import db
from tests.conftest import forget_connections

READY = ("/health", "/health/ready")


def test_a_process_with_its_database_is_ready(client):
    for path in READY:
        answer = client.get(path)
        assert (answer.status_code, answer.json["status"]) == (HTTPStatus.OK, "healthy")
        check = answer.json["checks"]["database"]
        assert (check["status"], check["detail"]) == ("healthy", "connected and migrated")
        assert check["duration_ms"] >= 0


def test_a_process_without_its_database_lives_but_is_not_ready(client, setting, database):
    setting("DATABASE_URL", database.url.replace(database.name, "nowhere"))
    forget_connections()
    for path in READY:
        answer = client.get(path)
        assert (answer.status_code, answer.json["status"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
        assert answer.json["checks"]["database"]["status"] == "unhealthy"
        assert db.engine().url.password not in answer.text
    assert client.get("/health/live").json == {"status": "healthy", "checks": {}}


def test_a_database_that_was_never_migrated_is_no_readiness(client, owner):
    owner.execute("ALTER TABLE business_clock RENAME TO clock_of_yesterday")
    try:
        assert client.get("/health/ready").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    finally:
        owner.execute("ALTER TABLE clock_of_yesterday RENAME TO business_clock")
