"""No password, token or address stands anywhere but where it must."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import psycopg
import pytest
from flask.testing import FlaskClient

from app.infra import config
from app.infra.logs import JsonFormatter
from tests.identity.conftest import Post
from tests.mailbox import Mailbox

EMAIL = "canary.tweet@amana.test"
PASSWORD = "canary password sings"
NAME = "Canary Featherstone"


@pytest.fixture
def written_log() -> Iterator[io.StringIO]:
    """Return all that is logged by this process, at every level, as a process writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: record.name != "mail.log")  # the other side's: the test's SMTP server
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


def stored(owner: psycopg.Connection, *, but: str) -> str:
    """Return every row of every table but one, as text."""
    tables = owner.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    names = [name for (name,) in tables.fetchall() if name != but]
    assert {"event", "delivery", "delivery_attempt", "refresh_token", "email_verification"} <= set(names)
    return "\n".join(str(row) for name in names for row in owner.execute(f'SELECT t::text FROM "{name}" AS t'))


def test_a_whole_life_leaves_no_secret_in_logs_or_tables(
    client: FlaskClient, post: Post, mailbox: Mailbox, drain: Callable[[], int], owner: psycopg.Connection,
    written_log: io.StringIO,
) -> None:  # fmt: skip
    mailbox.refusal = f"451 <{EMAIL}> come again"
    post("register", email=EMAIL, password=PASSWORD, name=NAME, timezone="Africa/Tunis")
    drain()
    mailbox.refusal = f"550 <{EMAIL}> unknown"
    post("resend-verification", email=EMAIL)
    drain()
    mailbox.refusal = ""
    post("resend-verification", email=EMAIL)
    drain()
    (link,) = mailbox.tokens()
    post("verify-email", token=link)
    post("verify-email", token=link)
    post("login", email=EMAIL, password=f"{PASSWORD} wrong")
    pair = post("login", email=EMAIL, password=PASSWORD).json
    header = {"Authorization": f"Bearer {pair['access_token']}"}
    client.get("/api/v1/me", headers=header)
    renewed = post("refresh", refresh_token=pair["refresh_token"]).json
    post("refresh", refresh_token=pair["refresh_token"])
    post("logout", refresh_token=renewed["refresh_token"])
    post("register", email=EMAIL, password=PASSWORD, name=NAME, timezone=EMAIL)

    log, rows = written_log.getvalue(), stored(owner, but="users")
    assert "/api/v1/auth/login" in log
    assert "451" in rows
    secrets = [EMAIL, PASSWORD, NAME, link, pair["access_token"], pair["refresh_token"], renewed["refresh_token"]]
    for secret in secrets:
        assert secret not in log
        assert secret not in rows
    users = str(owner.execute("SELECT u::text FROM users AS u").fetchall())
    assert EMAIL in users
    assert PASSWORD not in users


def test_an_error_of_the_database_quotes_no_secret(
    post: Post, owner: psycopg.Connection, written_log: io.StringIO
) -> None:
    runtime = urlsplit(config.settings().database_url).username
    owner.execute(f"REVOKE INSERT ON users FROM {runtime}")
    try:
        answer = post("register", email=EMAIL, password=PASSWORD, name=NAME, timezone="Africa/Tunis")
    finally:
        owner.execute(f"GRANT INSERT ON users TO {runtime}")
    assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "permission denied for table users" in written_log.getvalue()
    for secret in (EMAIL, NAME, "$argon2id$"):
        assert secret not in written_log.getvalue()


def test_the_runtime_role_can_forget_neither_users_nor_sign_ins(owner: psycopg.Connection) -> None:
    rights = owner.execute("""
        SELECT table_name, privilege_type FROM information_schema.role_table_grants
        WHERE table_name IN ('users', 'user_role', 'token_family', 'refresh_token', 'email_verification')
          AND grantee <> current_user AND privilege_type IN ('DELETE', 'TRUNCATE')
    """).fetchall()
    assert rights == [("email_verification", "DELETE")]
