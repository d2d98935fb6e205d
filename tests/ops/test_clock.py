"""The clock of demo and test: business time moves forward, never back, and what falls due starts at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

from app.infra.clock import business_now
from app.infra.db import session_scope
from app.kernel.clock import wall_now
from tests.ops.conftest import count

URL = "/api/v1/sandbox/clock"

#: What production asks for beyond the settings of a test.
PRODUCTION = {
    "AMANA_ENV": "production",
    "SECRET_KEY": "b2c7f1e09d5a48338e6ab7c4d1f0925e",
    "PUBLIC_URL": "https://api.amana.tn",
    "FRONTEND_URL": "https://amana.tn",
    "KONNECT_BASE_URL": "https://api.konnect.network/api/v2",
    "GOOGLE_AUTH_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "GOOGLE_TOKEN_URL": "https://oauth2.googleapis.com/token",
    "GOOGLE_REVOKE_URL": "https://oauth2.googleapis.com/revoke",
    "GOOGLE_USERINFO_URL": "https://openidconnect.googleapis.com/v1/userinfo",
    "GOOGLE_CALENDAR_URL": "https://www.googleapis.com/calendar/v3",
    "ARGON2_MEMORY_KIB": "19456",
}


def now(answer):
    return datetime.fromisoformat(answer.json["now"])


def advance(client, seconds):
    return client.post(URL, json={"advance_seconds": seconds})


def test_business_time_moves_forward_by_what_is_asked_and_goes_on(client):
    before = now(client.get(URL))
    moved = advance(client, 90_000)
    assert moved.status_code == HTTPStatus.OK
    for later in (moved, client.get(URL)):
        assert timedelta(0) <= now(later) - before - timedelta(seconds=90_000) < timedelta(hours=1)
    with session_scope() as session:
        assert business_now(session) >= now(moved)
    assert now(advance(client, 3_600)) - now(moved) >= timedelta(hours=1)


def test_what_falls_due_starts_at_once(client, drain, owner):
    advance(client, 60)
    assert drain() == 1
    assert count(owner, "delivery WHERE task = 'tasks.maintenance.run_due_sweeps' AND state = 'done'") == 1


def test_it_never_moves_back_nor_by_what_is_no_number(client, owner):
    before = now(client.get(URL))
    for wrong in (-1, 1.5, "7200", None, True, 10**19, 10**12):
        answer = advance(client, wrong)
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input")
    for body in ({}, {"advance_seconds": 1, "back": True}, []):
        assert client.post(URL, json=body).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert now(client.get(URL)) - before < timedelta(hours=1)
    assert count(owner, "event") == 0


def test_in_production_there_is_no_such_door(client, setting, owner):
    for variable, value in PRODUCTION.items():
        setting(variable, value)
    for answer in (client.get(URL), advance(client, 60)):
        assert (answer.status_code, answer.json["code"]) == (HTTPStatus.NOT_FOUND, "not_found")
    assert owner.execute("SELECT offset_seconds FROM business_clock").fetchone() == (0,)
    assert count(owner, "event") == 0


def test_in_production_business_time_is_wall_time_whatever_stands_in_the_database(client, setting, owner):
    owner.execute("UPDATE business_clock SET offset_seconds = 86400")
    for variable, value in PRODUCTION.items():
        setting(variable, value)
    with session_scope() as session:
        assert abs(business_now(session) - wall_now()) < timedelta(hours=1)
