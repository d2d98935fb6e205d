"""Sign in: what is answered to the right, the wrong and the too many."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import psycopg
import pytest
from argon2 import PasswordHasher, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from limits.storage import MemoryStorage
from werkzeug.test import TestResponse

from app.identity import passwords, throttle
from app.infra import config
from app.infra.db import session_scope
from tests.factories.identity import MadeUser, make_user
from tests.identity.conftest import Post


def test_the_right_password_gets_a_pair_of_tokens_and_the_profile(post: Post, amina: MadeUser) -> None:
    answer = post("login", email=amina.email, password=amina.password)
    assert answer.status_code == HTTPStatus.OK
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 600
    assert re.fullmatch(r"amr_[\w-]{43}", answer.json["refresh_token"])
    assert answer.json["user"]["id"] == str(amina.id)
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_address_is_found_in_whatever_case(post: Post, amina: MadeUser) -> None:
    for written in (amina.email.upper(), amina.email.title(), f"  {amina.email}  "):
        assert post("login", email=written, password=amina.password).status_code == HTTPStatus.OK


def test_a_password_means_the_same_from_every_keyboard(post: Post) -> None:
    with session_scope() as session:
        user = make_user(session, password="motif très passé")
    assert post("login", email=user.email, password="motif tre\u0300s passe\u0301").status_code == HTTPStatus.OK


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(post: Post, amina: MadeUser) -> None:
    wrong = post("login", email=amina.email, password="not the right password")
    unknown = post("login", email="nobody@amana.test", password=amina.password)
    assert wrong.status_code == unknown.status_code == HTTPStatus.UNAUTHORIZED
    assert wrong.json["code"] == "wrong_credentials"
    assert {**wrong.json, "instance": ""} == {**unknown.json, "instance": ""}


def test_a_wrong_password_and_an_unknown_address_cost_the_same_work(
    post: Post, amina: MadeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash is what takes time: without one, a quick answer would say who has no account."""
    verified = []
    verify = PasswordHasher.verify

    def spy(hasher: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(extract_parameters(stored))
        return verify(hasher, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    post("login", email=amina.email, password="not the right password")
    post("login", email="nobody@amana.test", password="not the right password")
    known, unknown = verified
    assert known == unknown


def test_an_unproved_address_is_told_so_only_to_who_knows_the_password(post: Post) -> None:
    with session_scope() as session:
        user = make_user(session, verified=False)
    right = post("login", email=user.email, password=user.password)
    assert (right.status_code, right.json["code"]) == (403, "email_not_verified")
    wrong = post("login", email=user.email, password="not the right password")
    assert (wrong.status_code, wrong.json["code"]) == (401, "wrong_credentials")


def test_a_totp_is_accepted_where_there_is_none_yet(post: Post, amina: MadeUser) -> None:
    answer = post("login", email=amina.email, password=amina.password, totp="123456")
    assert answer.status_code == HTTPStatus.OK


def test_a_hash_with_old_parameters_is_renewed(
    post: Post, amina: MadeUser, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGON2_MEMORY_KIB", "128")
    config.settings.cache_clear()
    for _ in range(2):
        assert post("login", email=amina.email, password=amina.password).status_code == HTTPStatus.OK
    (stored,) = owner.execute("SELECT password_hash FROM users WHERE id = %s", [amina.id]).fetchone()
    assert stored.startswith("$argon2id$v=19$m=128,t=1,p=1$")


# --- too many --------------------------------------------------------------------------------------------------------


def test_ten_wrong_passwords_in_five_minutes_are_enough(post: Post, amina: MadeUser) -> None:
    failures = [post("login", email=amina.email, password="not the right password") for _ in range(10)]
    assert {failure.status_code for failure in failures} == {HTTPStatus.UNAUTHORIZED}
    refused = post("login", email=amina.email.upper(), password=amina.password)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 300


def test_an_address_that_nobody_has_is_limited_too(post: Post) -> None:
    statuses = [post("login", email="ghost@amana.test", password="not the right one").status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_the_right_password_clears_what_was_mistyped(post: Post, amina: MadeUser) -> None:
    for _ in range(2):
        for _ in range(9):
            post("login", email=amina.email, password="not the right password")
        assert post("login", email=amina.email, password=amina.password).status_code == HTTPStatus.OK


def test_others_are_not_limited_by_one(post: Post, amina: MadeUser) -> None:
    for _ in range(11):
        post("login", email="flooded@amana.test", password="not the right password")
    assert post("login", email=amina.email, password=amina.password).status_code == HTTPStatus.OK


def test_the_window_moves_on(post: Post, amina: MadeUser) -> None:
    for _ in range(10):
        throttle.FAILED_LOGINS.take(amina.email)
    storage = throttle._limiter().storage
    assert isinstance(storage, MemoryStorage)
    for events in storage.events.values():
        for event in events:
            event.atime, event.expiry = event.atime - 301, event.expiry - 301
    assert post("login", email=amina.email, password=amina.password).status_code == HTTPStatus.OK


def test_while_all_places_are_taken_one_is_sent_away_after_a_short_wait(
    flask_app: Flask, amina: MadeUser, newcomer: dict[str, str]
) -> None:
    login = {"email": amina.email, "password": amina.password}

    def send(path: str, fields: dict[str, str]) -> TestResponse:
        return flask_app.test_client().post(f"/api/v1/auth/{path}", json=fields)

    with ThreadPoolExecutor(2) as pool:
        with passwords.hashing_place(), passwords.hashing_place():
            for answer in pool.map(send, ("login", "register"), (login, newcomer)):
                assert answer.status_code == HTTPStatus.TOO_MANY_REQUESTS
                assert answer.headers["Retry-After"] == "2"
        assert send("login", login).status_code == HTTPStatus.OK


def test_a_crowd_signs_in_two_at_a_time(flask_app: Flask, amina: MadeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.identity.passwords.PATIENCE_SECONDS", 600.0)

    def login(_: int) -> int:
        fields = {"email": amina.email, "password": amina.password}
        return flask_app.test_client().post("/api/v1/auth/login", json=fields).status_code

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(login, range(24))) == {HTTPStatus.OK}


# --- sign out --------------------------------------------------------------------------------------------------------


def test_signing_out_ends_refresh_and_access_at_once(client: FlaskClient, post: Post, amina: MadeUser) -> None:
    pair = post("login", email=amina.email, password=amina.password).json
    header = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/api/v1/me", headers=header).status_code == HTTPStatus.OK
    answer = post("logout", refresh_token=pair["refresh_token"])
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get("/api/v1/me", headers=header).status_code == HTTPStatus.UNAUTHORIZED
    assert post("refresh", refresh_token=pair["refresh_token"]).status_code == HTTPStatus.UNAUTHORIZED


def test_signing_out_on_one_device_leaves_the_other(post: Post, amina: MadeUser) -> None:
    here, there = (post("login", email=amina.email, password=amina.password).json for _ in range(2))
    post("logout", refresh_token=here["refresh_token"])
    assert post("refresh", refresh_token=there["refresh_token"]).status_code == HTTPStatus.OK


def test_signing_out_is_answered_alike_again_and_for_an_unknown_token(post: Post, amina: MadeUser) -> None:
    token = post("login", email=amina.email, password=amina.password).json["refresh_token"]
    statuses = [post("logout", refresh_token=shown).status_code for shown in (token, token, "amr_nobody")]
    assert statuses == [HTTPStatus.NO_CONTENT] * 3
