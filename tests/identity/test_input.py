"""What is sent to identity is read strictly: a problem below 500 that names the field, and nothing changes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from tests.identity.conftest import Post

#: Every body of identity, as it would be accepted or at least looked at.
BODIES: dict[str, dict[str, Any]] = {
    "register": {
        "email": "strict@amana.test", "password": "a long enough password", "name": "Strict", "timezone": "UTC",
    },
    "resend-verification": {"email": "strict@amana.test"},
    "verify-email": {"token": "token"},
    "login": {"email": "strict@amana.test", "password": "a long enough password"},
    "refresh": {"refresh_token": "token"},
    "logout": {"refresh_token": "token"},
}  # fmt: skip

WRONG_VALUES = [None, True, 7, 1.5, [], ["x"], {}, {"$ne": ""}, "", "x" * 10_000, "a\x00b", "\ud800"]


@pytest.fixture(autouse=True)
def nothing_is_written(owner: psycopg.Connection) -> Any:
    """Whatever a test of this page sends leaves no row."""
    yield
    for table in ("users", "event", "email_verification", "token_family"):
        assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_every_field_refuses_what_is_no_text_of_its_kind(post: Post, subtests: pytest.Subtests) -> None:
    for path, body in BODIES.items():
        for field in body:
            for value in WRONG_VALUES:
                with subtests.test(path=path, field=field, value=repr(value)[:20]):
                    answer = post(path, **(body | {field: value}))
                    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
                    assert answer.content_type == "application/problem+json"
                    assert answer.json["errors"][0]["pointer"] == f"/{field}"


def test_every_field_is_required(post: Post, subtests: pytest.Subtests) -> None:
    for path, body in BODIES.items():
        for field in body:
            with subtests.test(path=path, field=field):
                answer = post(path, **{name: value for name, value in body.items() if name != field})
                assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
                assert answer.json["errors"][0]["pointer"] == f"/{field}"


def test_a_field_that_nobody_knows_is_refused(post: Post, subtests: pytest.Subtests) -> None:
    for path, body in BODIES.items():
        with subtests.test(path):
            answer = post(path, **body, role="admin")
            assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
            assert answer.json["errors"] == [{"pointer": "/role", "message": "Unknown field."}]


def test_a_body_that_is_not_said_to_be_json_is_refused(client: FlaskClient, subtests: pytest.Subtests) -> None:
    for path in BODIES:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
            with subtests.test(path=path, kind=kind):
                answer = client.post(f"/api/v1/auth/{path}", data=b'{"email": "a@amana.test"}', content_type=kind)
                assert answer.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_a_body_that_is_no_object_is_refused(client: FlaskClient, subtests: pytest.Subtests) -> None:
    for path in BODIES:
        for body in ("[]", '"x"', "7", "null", "true"):
            with subtests.test(path=path, body=body):
                answer = client.post(f"/api/v1/auth/{path}", data=body, content_type="application/json")
                assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_body_that_is_no_json_or_too_large_is_refused(client: FlaskClient, subtests: pytest.Subtests) -> None:
    for path in BODIES:
        for body, status in (("", 400), ("{", 400), ("[" * 100_000, 413), ("[" * 1_000, 400), ('{"a":NaN}', 400)):
            with subtests.test(path=path, body=body[:10]):
                answer = client.post(f"/api/v1/auth/{path}", data=body, content_type="application/json")
                assert answer.status_code == status


def test_a_new_password_has_12_to_128_characters(post: Post) -> None:
    for length in (11, 129):
        answer = post("register", **(BODIES["register"] | {"password": "x" * length}))
        assert answer.json["errors"] == [{"pointer": "/password", "message": "Length must be between 12 and 128."}]


def test_all_that_is_wrong_is_said_at_once(post: Post) -> None:
    answer = post("register", email="x", password="short", name=" ", timezone="EST")
    pointers = {error["pointer"] for error in answer.json["errors"]}
    assert pointers == {"/email", "/password", "/name", "/timezone"}


def test_a_route_answers_to_its_method_only(client: FlaskClient) -> None:
    for path in BODIES:
        answer = client.get(f"/api/v1/auth/{path}")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert "POST" in answer.headers["Allow"]
