"""Refresh tokens: each is good for one new pair; one that is shown twice ends the sign-in."""

from __future__ import annotations

import http.client
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import psycopg
import pytest
from flask.testing import FlaskClient

from app.infra import config
from tests.factories.identity import MadeUser
from tests.identity.conftest import Post
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def token(post: Post, amina: MadeUser) -> str:
    """Return the refresh token of a sign-in that has just begun."""
    return post("login", email=amina.email, password=amina.password).json["refresh_token"]


def bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


def test_a_token_is_exchanged_for_a_new_pair(client: FlaskClient, post: Post, token: str) -> None:
    answer = post("refresh", refresh_token=token)
    assert answer.status_code == HTTPStatus.OK
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer.json["refresh_token"] != token
    assert client.get("/api/v1/me", headers=bearer(answer.json["access_token"])).status_code == HTTPStatus.OK
    assert post("refresh", refresh_token=answer.json["refresh_token"]).status_code == HTTPStatus.OK


def test_of_twenty_clients_at_once_exactly_one_wins(address: tuple[str, int], token: str) -> None:
    start = threading.Barrier(20)

    def refresh(_: int) -> int:
        connection = http.client.HTTPConnection(*address, timeout=PATIENCE_SECONDS)
        connection.connect()
        start.wait()
        body = json.dumps({"refresh_token": token})
        connection.request("POST", "/api/v1/auth/refresh", body, {"Content-Type": "application/json"})
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(refresh, range(20))) == [200] + [401] * 19


def test_a_spent_token_shown_again_ends_the_whole_sign_in(
    client: FlaskClient, post: Post, token: str, owner: psycopg.Connection
) -> None:
    pair = post("refresh", refresh_token=token).json
    reused = post("refresh", refresh_token=token)
    assert (reused.status_code, reused.json["code"]) == (401, "invalid_refresh_token")
    assert post("refresh", refresh_token=pair["refresh_token"]).status_code == HTTPStatus.UNAUTHORIZED
    assert client.get("/api/v1/me", headers=bearer(pair["access_token"])).status_code == HTTPStatus.UNAUTHORIZED
    revoked = owner.execute("SELECT revocation FROM token_family WHERE revoked_at IS NOT NULL").fetchall()
    assert revoked == [("reuse",)]


def test_the_answer_to_reuse_is_that_to_an_unknown_token(post: Post, token: str) -> None:
    post("refresh", refresh_token=token)
    reused, unknown = post("refresh", refresh_token=token), post("refresh", refresh_token="amr_" + "A" * 43)
    assert reused.status_code == unknown.status_code
    assert {**reused.json, "instance": ""} == {**unknown.json, "instance": ""}


def test_reuse_in_one_sign_in_leaves_the_others(post: Post, amina: MadeUser, token: str) -> None:
    other = post("login", email=amina.email, password=amina.password).json["refresh_token"]
    for _ in range(2):
        post("refresh", refresh_token=token)
    assert post("refresh", refresh_token=other).status_code == HTTPStatus.OK


def test_an_idle_token_expires_after_thirty_days_without_harm_to_anybody(
    post: Post, token: str, owner: psycopg.Connection
) -> None:
    (idle,) = owner.execute("SELECT expires_at - issued_at FROM refresh_token").fetchone()
    assert idle.days == 30
    owner.execute("UPDATE refresh_token SET expires_at = now() - interval '1 second'")
    assert post("refresh", refresh_token=token).status_code == HTTPStatus.UNAUTHORIZED
    assert owner.execute("SELECT count(*) FROM token_family WHERE revoked_at IS NOT NULL").fetchone() == (0,)


def test_a_sign_in_ends_after_ninety_days_however_busy_it_is(
    client: FlaskClient, post: Post, amina: MadeUser, token: str, owner: psycopg.Connection
) -> None:
    mine = "FROM token_family WHERE id <> %s"
    (life,) = owner.execute(f"SELECT expires_at - begun_at {mine}", [amina.family_id]).fetchone()
    assert life.days == 90
    owner.execute("UPDATE token_family SET expires_at = now() + interval '1 hour'")
    pair = post("refresh", refresh_token=token).json
    late = "SELECT count(*) FROM refresh_token JOIN token_family AS f ON f.id = family_id"
    assert owner.execute(f"{late} WHERE used_at IS NULL AND refresh_token.expires_at > f.expires_at").fetchone() == (0,)
    owner.execute("UPDATE token_family SET expires_at = now() - interval '1 second'")
    assert post("refresh", refresh_token=pair["refresh_token"]).status_code == HTTPStatus.UNAUTHORIZED
    assert client.get("/api/v1/me", headers=bearer(pair["access_token"])).status_code == HTTPStatus.UNAUTHORIZED


def test_the_key_may_be_changed_while_people_are_signed_in(
    client: FlaskClient, post: Post, amina: MadeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = post("login", email=amina.email, password=amina.password).json
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", os.environ["SECRET_KEY"])
    monkeypatch.setenv("SECRET_KEY", "9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b")
    config.settings.cache_clear()
    assert client.get("/api/v1/me", headers=bearer(pair["access_token"])).status_code == HTTPStatus.OK
    renewed = post("refresh", refresh_token=pair["refresh_token"])
    assert renewed.status_code == HTTPStatus.OK
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", "")
    config.settings.cache_clear()
    assert client.get("/api/v1/me", headers=bearer(pair["access_token"])).status_code == HTTPStatus.UNAUTHORIZED
    assert client.get("/api/v1/me", headers=bearer(renewed.json["access_token"])).status_code == HTTPStatus.OK
