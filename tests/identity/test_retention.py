"""What is forgotten of identity: links past their time and sign-ins past their end; what is still good is kept."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from app.identity.service import retention
from tests.factories.identity import MadeUser
from tests.identity.conftest import Post


@pytest.fixture
def purge(client: FlaskClient) -> Any:
    """Return the sweep."""
    from tasks.maintenance import purge_tokens  # noqa: PLC0415 - it reads the settings, which `client` has set

    return purge_tokens


def age(owner: psycopg.Connection, table: str, interval: str) -> None:
    """Make everything in a table older."""
    owner.execute(f"UPDATE {table} SET expires_at = expires_at - interval '{interval}'")


def count(owner: psycopg.Connection, table: str) -> int:
    (found,) = owner.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(found)


def sign_in(post: Post, user: MadeUser) -> dict[str, str]:
    return post("login", email=user.email, password=user.password).json


def test_links_are_forgotten_when_nobody_can_open_them_any_more(purge, post, newcomer, mailbox, drain, owner) -> None:
    post("register", **newcomer)
    drain()
    purge()
    assert count(owner, "email_verification") == 1
    age(owner, "email_verification", "24 h")
    purge()
    assert count(owner, "email_verification") == 0
    (token,) = mailbox.tokens()
    assert post("verify-email", token=token).status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_sign_ins_are_forgotten_at_their_end_with_all_their_tokens(purge, post, amina, other, owner) -> None:
    for user in (amina, other):
        post("refresh", refresh_token=sign_in(post, user)["refresh_token"])
    owner.execute("UPDATE token_family SET expires_at = now() WHERE user_id = %s", [amina.id])
    purge()
    left = owner.execute(
        "SELECT DISTINCT f.user_id FROM token_family AS f JOIN refresh_token AS t ON t.family_id = f.id"
    ).fetchall()
    assert left == [(other.id,)]
    assert count(owner, "refresh_token") == 2


def test_a_spent_token_is_known_as_such_until_the_end_of_its_sign_in(purge, post, amina, owner) -> None:
    first = sign_in(post, amina)["refresh_token"]
    second = post("refresh", refresh_token=first).json["refresh_token"]
    owner.execute("UPDATE refresh_token SET expires_at = now() WHERE used_at IS NOT NULL")
    purge()
    assert post("refresh", refresh_token=first).status_code == HTTPStatus.UNAUTHORIZED
    assert post("refresh", refresh_token=second).status_code == HTTPStatus.UNAUTHORIZED, "shown twice: it ended"


def test_who_was_signed_out_by_the_end_of_time_signs_in_again(purge, client, post, amina, owner) -> None:
    pair = sign_in(post, amina)
    owner.execute("UPDATE token_family SET expires_at = now()")
    purge()
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert client.get("/api/v1/me", headers=bearer).status_code == HTTPStatus.UNAUTHORIZED
    assert post("refresh", refresh_token=pair["refresh_token"]).status_code == HTTPStatus.UNAUTHORIZED
    assert "access_token" in sign_in(post, amina)


def test_more_than_one_transaction_takes_is_forgotten_too(purge, post, amina, owner) -> None:
    sign_in(post, amina)
    owner.execute(
        "INSERT INTO token_family SELECT gen_random_uuid(), user_id, begun_at, expires_at"
        " FROM token_family, generate_series(1, %s) WHERE id <> %s",
        [2 * retention.SIGN_INS, amina.family_id],
    )
    age(owner, "token_family", "91 days")
    purge()
    assert (count(owner, "token_family"), count(owner, "refresh_token")) == (0, 0)


def test_what_somebody_else_is_deleting_is_passed_over(purge, post, amina, owner) -> None:
    sign_in(post, amina)
    age(owner, "token_family", "91 days")
    with owner.transaction():
        owner.execute("SELECT FROM token_family FOR UPDATE")
        purge()
        assert count(owner, "refresh_token") == 1
    purge()
    assert count(owner, "refresh_token") == 0
