"""Access tokens: only ours, only of this kind, only for as long as they say."""

from __future__ import annotations

import base64
import hmac
import json
import time
from http import HTTPStatus
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.identity.tokens import Bearer, issue_access_token
from app.infra import crypto
from tests.factories.identity import MadeUser, token_for

HEADER = {"alg": "HS256", "typ": "at+jwt"}


def status(client: FlaskClient, authorization: str) -> int:
    return client.get("/api/v1/me", headers={"Authorization": authorization}).status_code


def claims(user: MadeUser) -> dict[str, Any]:
    """Return what stands in a good token of this user."""
    payload = token_for(user)["Authorization"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def signed(header: dict[str, Any], payload: dict[str, Any], label: str = "access token") -> str:
    """Return a token that is signed as ours are (RFC 7515 §5.1), with whatever in it."""
    message = f"{base64url(header)}.{base64url(payload)}"
    digest = {"HS256": "sha256", "HS512": "sha512"}[header["alg"]]
    signature = hmac.digest(crypto.current_key(label), message.encode(), digest)
    return f"{message}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def base64url(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_token_names_the_user_and_the_sign_in_and_no_role(amina: MadeUser) -> None:
    before = int(time.time())
    found = claims(amina)
    assert set(found) == {"iss", "sub", "sid", "jti", "iat", "nbf", "exp"}
    assert (found["sub"], found["sid"]) == (str(amina.id), str(amina.family_id))
    assert found["exp"] - found["iat"] == 600
    assert before <= found["iat"] <= time.time()


def test_what_the_other_tests_forge_from_is_accepted(client: FlaskClient, amina: MadeUser) -> None:
    assert status(client, f"Bearer {signed(HEADER, claims(amina))}") == HTTPStatus.OK


def test_every_claim_must_be_there(client: FlaskClient, amina: MadeUser, subtests: pytest.Subtests) -> None:
    whole = claims(amina)
    for missing in whole:
        with subtests.test(missing):
            without = {name: value for name, value in whole.items() if name != missing}
            assert status(client, f"Bearer {signed(HEADER, without)}") == HTTPStatus.UNAUTHORIZED


def test_what_a_token_claims_is_checked(client: FlaskClient, amina: MadeUser, subtests: pytest.Subtests) -> None:
    nobody = "00000000-0000-7000-8000-000000000000"
    wrong: list[dict[str, Any]] = [
        {"exp": 1}, {"exp": "tomorrow"}, {"exp": None}, {"nbf": 9_999_999_999}, {"iat": 9_999_999_999},
        {"iss": "https://elsewhere.example"}, {"sub": "nobody"}, {"sub": 7}, {"sub": nobody}, {"sid": nobody},
        {"sid": ["x"]},
    ]  # fmt: skip
    for changes in wrong:
        with subtests.test(str(changes)):
            token = signed(HEADER, claims(amina) | changes)
            assert status(client, f"Bearer {token}") == HTTPStatus.UNAUTHORIZED


def test_a_token_of_another_kind_is_refused(client: FlaskClient, amina: MadeUser, subtests: pytest.Subtests) -> None:
    headers: list[dict[str, Any]] = [
        {"alg": "HS256"},
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "HS256", "typ": "rt+jwt"},
        {"alg": "HS512", "typ": "at+jwt"},
        {"alg": "HS256", "typ": "at+jwt", "crit": ["exp"], "exp": 1},
    ]
    for header in headers:
        with subtests.test(str(header)):
            assert status(client, f"Bearer {signed(header, claims(amina))}") == HTTPStatus.UNAUTHORIZED


def test_a_token_without_signature_is_refused(client: FlaskClient, amina: MadeUser, subtests: pytest.Subtests) -> None:
    for algorithm in ("none", "None", "NONE", "", "HS256"):
        with subtests.test(algorithm):
            unsigned = f"{base64url({'alg': algorithm, 'typ': 'at+jwt'})}.{base64url(claims(amina))}."
            assert status(client, f"Bearer {unsigned}") == HTTPStatus.UNAUTHORIZED


def test_a_key_for_another_purpose_signs_nothing_here(client: FlaskClient, amina: MadeUser) -> None:
    forged = signed(HEADER, claims(amina), label="refresh token")
    assert status(client, f"Bearer {forged}") == HTTPStatus.UNAUTHORIZED


def test_a_token_that_was_changed_is_refused(client: FlaskClient, amina: MadeUser) -> None:
    header, payload, signature = issue_access_token(Bearer(amina.id, amina.family_id)).split(".")
    promoted = base64url(claims(amina) | {"roles": ["admin"]})
    assert status(client, f"Bearer {header}.{promoted}.{signature}") == HTTPStatus.UNAUTHORIZED
    assert status(client, f"Bearer {header}.{payload}.{signature[::-1]}") == HTTPStatus.UNAUTHORIZED


def test_a_sign_in_of_somebody_else_cannot_be_borrowed(client: FlaskClient, amina: MadeUser, other: MadeUser) -> None:
    token = issue_access_token(Bearer(other.id, amina.family_id))
    assert status(client, f"Bearer {token}") == HTTPStatus.UNAUTHORIZED


def test_whatever_is_no_token_is_refused_in_the_same_way(client: FlaskClient, subtests: pytest.Subtests) -> None:
    nonsense = ["", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer ...", "Basic YTpi", "Bearer é"]
    for authorization in (*nonsense, "Bearer " + "x" * 9_000):
        with subtests.test(authorization[:20]):
            answer = client.get("/api/v1/me", headers={"Authorization": authorization})
            assert answer.status_code == HTTPStatus.UNAUTHORIZED
            assert answer.content_type == "application/problem+json"
            assert answer.json["code"] == "unauthenticated"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_scheme_is_read_in_whatever_case(client: FlaskClient, amina: MadeUser) -> None:
    token = issue_access_token(Bearer(amina.id, amina.family_id))
    assert status(client, f"bearer {token}") == HTTPStatus.OK
