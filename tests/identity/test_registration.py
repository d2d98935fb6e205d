"""Register, prove the address: the answer never tells whether an address is known."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask

from app.infra import config
from tests.factories.identity import MadeUser
from tests.identity.conftest import Post
from tests.mailbox import Mailbox

Drain = Callable[[], int]


def test_from_registration_to_the_first_sign_in(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]
) -> None:
    assert post("register", **newcomer).status_code == HTTPStatus.ACCEPTED
    drain()
    (token,) = mailbox.tokens()
    verified = post("verify-email", token=token)
    assert verified.status_code == HTTPStatus.OK
    assert verified.json["user"]["email"] == newcomer["email"]
    login = post("login", email=newcomer["email"], password=newcomer["password"])
    assert login.status_code == HTTPStatus.OK
    assert login.json["user"] == verified.json["user"]


def test_the_mail_greets_names_the_link_and_says_how_long_it_works(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]
) -> None:
    newcomer["name"] = "Zoé <b>"
    post("register", **newcomer)
    drain()
    (message,) = mailbox.messages
    assert mailbox.recipients == [newcomer["email"]]
    assert message["Subject"] == "Confirm your e-mail address"
    (text,) = mailbox.texts()
    assert text.startswith("Hello Zoé <b>,")
    assert "http://127.0.0.1:3000/verify-email?token=" in text
    assert "24 hours" in text
    html = message.get_body(("html",)).get_content()
    assert "Hello Zoé &lt;b&gt;," in html
    assert f'href="http://127.0.0.1:3000/verify-email?token={mailbox.tokens()[0]}"' in html


def test_a_known_address_gets_the_same_answer_and_keeps_all_it_has(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str], amina: MadeUser, owner: psycopg.Connection
) -> None:
    unknown = post("register", **newcomer)
    before = owner.execute("SELECT * FROM users WHERE id = %s", [amina.id]).fetchone()
    known = post("register", **(newcomer | {"email": amina.email.upper()}))
    assert (known.status_code, known.json) == (unknown.status_code, unknown.json)
    assert set(known.headers.keys()) == set(unknown.headers.keys())
    assert owner.execute("SELECT * FROM users WHERE id = %s", [amina.id]).fetchone() == before
    drain()
    notice = mailbox.messages[mailbox.recipients.index(amina.email)]
    assert notice["Subject"] == "You already have an account"
    assert "token" not in notice.as_string()


def test_an_address_that_nobody_proved_takes_the_latest_name_and_password(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]
) -> None:
    post("register", **newcomer)
    post("register", **(newcomer | {"password": "the second password", "name": "Yasmine"}))
    drain()
    verified = post("verify-email", token=mailbox.tokens()[-1])
    assert verified.json["user"]["name"] == "Yasmine"
    assert post("login", email=newcomer["email"], password="the second password").status_code == HTTPStatus.OK
    refused = post("login", email=newcomer["email"], password=newcomer["password"])
    assert refused.status_code == HTTPStatus.UNAUTHORIZED


def test_a_link_from_before_a_later_registration_cannot_confirm_the_later_password(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]
) -> None:
    post("register", **newcomer)
    drain()
    (link,) = mailbox.tokens()
    post("register", **(newcomer | {"password": "a stranger's password"}))
    assert post("verify-email", token=link).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    drain()
    assert post("verify-email", token=mailbox.tokens()[-1]).status_code == HTTPStatus.OK


def test_registrations_of_one_address_at_once_make_one_user(
    flask_app: Flask, newcomer: dict[str, str], owner: psycopg.Connection
) -> None:
    def register(_: int) -> int:
        return flask_app.test_client().post("/api/v1/auth/register", json=newcomer).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(register, range(8))) == {HTTPStatus.ACCEPTED}
    assert owner.execute("SELECT count(*) FROM users").fetchone() == (1,)
    assert owner.execute("SELECT count(*) FROM event WHERE type = 'UserRegistered'").fetchone() == (1,)


def test_resend_sends_another_link_and_both_work_until_one_was_used(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]
) -> None:
    post("register", **newcomer)
    assert post("resend-verification", email=newcomer["email"]).status_code == HTTPStatus.ACCEPTED
    drain()
    first, second = mailbox.tokens()
    assert first != second
    assert post("verify-email", token=first).status_code == HTTPStatus.OK


def test_resend_tells_nothing_about_an_unknown_address(post: Post, amina: MadeUser, owner: psycopg.Connection) -> None:
    known = post("resend-verification", email=amina.email)
    unknown = post("resend-verification", email="nobody@amana.test")
    assert (known.status_code, known.json) == (unknown.status_code, unknown.json) == (202, known.json)
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (1,)


def test_nobody_can_have_a_flood_of_mails_sent_to_an_address(
    post: Post, amina: MadeUser, owner: psycopg.Connection
) -> None:
    statuses = {post("resend-verification", email=amina.email).status_code for _ in range(9)}
    assert statuses == {HTTPStatus.ACCEPTED}
    assert owner.execute("SELECT count(*) FROM event").fetchone() == (5,)


@pytest.mark.parametrize("refusal", ["450 come again", "550 unknown"])
def test_a_mail_that_is_refused_is_retried_only_where_that_helps(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str], owner: psycopg.Connection, refusal: str
) -> None:
    mailbox.refusal = refusal
    post("register", **newcomer)
    drain()
    delivery = "SELECT state, attempts FROM delivery WHERE task = 'tasks.identity.send_verification'"
    assert owner.execute(delivery).fetchone() == ("dead", 3 if refusal.startswith("4") else 1)


# --- links -----------------------------------------------------------------------------------------------------------


def test_a_link_works_once(post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]) -> None:
    post("register", **newcomer)
    drain()
    (token,) = mailbox.tokens()
    assert post("verify-email", token=token).status_code == HTTPStatus.OK
    again = post("verify-email", token=token)
    assert again.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert again.json["code"] == "invalid_verification_token"
    assert again.json["errors"][0]["pointer"] == "/token"


def test_of_many_at_once_one_opens_the_link(
    flask_app: Flask, post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str]
) -> None:
    post("register", **newcomer)
    drain()
    (token,) = mailbox.tokens()

    def verify(_: int) -> int:
        return flask_app.test_client().post("/api/v1/auth/verify-email", json={"token": token}).status_code

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(verify, range(10))) == [200] + [422] * 9


def test_a_link_expires_by_wall_time(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str], owner: psycopg.Connection
) -> None:
    post("register", **newcomer)
    drain()
    (life,) = owner.execute("SELECT expires_at - issued_at FROM email_verification").fetchone()
    assert life.total_seconds() == 86_400
    owner.execute("UPDATE email_verification SET expires_at = now() - interval '1 second'")
    assert post("verify-email", token=mailbox.tokens()[0]).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_token_of_nobody_is_refused(post: Post) -> None:
    for token in ("x", "A" * 43, "amr_" + "A" * 43, "é", "' OR 1=1 --"):
        assert post("verify-email", token=token).json["code"] == "invalid_verification_token"


def test_the_key_may_be_changed_while_links_are_out(
    post: Post, mailbox: Mailbox, drain: Drain, newcomer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    post("register", **newcomer)
    drain()
    monkeypatch.setenv("SECRET_KEY_PREVIOUS", os.environ["SECRET_KEY"])
    monkeypatch.setenv("SECRET_KEY", "9e8d7c6b5a493827160f5e4d3c2b1a0f9e8d7c6b")
    config.settings.cache_clear()
    assert post("verify-email", token=mailbox.tokens()[0]).status_code == HTTPStatus.OK


# --- time ------------------------------------------------------------------------------------------------------------


def test_known_and_unknown_addresses_cost_one_hash_each(
    post: Post, newcomer: dict[str, str], amina: MadeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash is what takes time: without one, a quick answer would say who has an account."""
    hashed = []
    argon2 = PasswordHasher.hash
    monkeypatch.setattr(PasswordHasher, "hash", lambda *given: hashed.append(1) or argon2(*given))
    for email in (amina.email, "unknown@amana.test"):
        hashed.clear()
        post("register", **(newcomer | {"email": email}))
        assert len(hashed) == 1, email
