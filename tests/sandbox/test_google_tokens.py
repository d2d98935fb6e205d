"""Google's tokens, driven by Google's own libraries."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import id_token
from oauthlib.oauth2 import InvalidGrantError

from sandbox.google.errors import OAuthError
from sandbox.google.grants import Consent, Exchange, Grants
from sandbox.server import Sandbox
from sandbox.settings import Settings
from sandbox.store import Store
from tests.sandbox.google_peers import CALLBACK, CLIENT_ID, CLIENT_SECRET, EMAIL, SCOPES, Google, answer_of

OFFLINE = {"access_type": "offline", "prompt": "consent"}


@pytest.fixture
def strict(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """Return the app of a sandbox that knows one client, and whose access tokens live a second."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    settings = Settings(google_client_id=CLIENT_ID, google_client_secret=CLIENT_SECRET, google_token_seconds=1)
    with Sandbox(settings) as running:
        yield Google(running, http)


def code_for(google: Google, email: str, **asked: str) -> tuple[str, str]:
    flow = google.flow()
    url, _ = flow.authorization_url(**asked)
    return answer_of(google.click(url, email=email))["code"], str(flow.code_verifier)


def exchange(google: Google, code: str, verifier: str | None, /, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier,
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
    }  # fmt: skip
    return google.http.post(f"{google.url}/token", data={k: v for k, v in (form | changes).items() if v is not None})


def userinfo(google: Google, token: str) -> httpx.Response:
    return google.http.get(f"{google.url}/v1/userinfo", headers={"Authorization": f"Bearer {token}"})


def test_the_official_flow_connects_across_processes(google: Google, address: str) -> None:
    first = google.flow()
    url, state = first.authorization_url(prompt="consent", include_granted_scopes="true")
    back = google.click(url, email=address).headers["Location"]
    second = google.flow(state=state, code_verifier=first.code_verifier)
    second.fetch_token(authorization_response=back)

    assert second.credentials.refresh_token
    assert second.credentials.granted_scopes == SCOPES


def test_the_id_token_is_signed_and_says_who_it_is(google: Google, address: str) -> None:
    credentials = google.connect(address, nonce="n-1")
    certs = f"{google.url}/oauth2/v1/certs"
    claims = id_token.verify_token(credentials.id_token, Request(), CLIENT_ID, certs_url=certs)

    assert claims["iss"] == "https://accounts.google.com"
    assert (claims["email"], claims["email_verified"], claims["nonce"]) == (address, True, "n-1")
    assert claims["sub"] == userinfo(google, credentials.token).json()["sub"]


def test_the_key_is_the_same_as_certificate_and_as_jwk(google: Google) -> None:
    certificates = google.http.get(f"{google.url}/oauth2/v1/certs").json()
    keys = google.http.get(f"{google.url}/oauth2/v3/certs").json()["keys"]

    assert [key["kid"] for key in keys] == list(certificates)
    assert (keys[0]["kty"], keys[0]["alg"]) == ("RSA", "RS256")


def test_userinfo_tells_the_same_account_the_same_subject(google: Google, address: str) -> None:
    told = [userinfo(google, google.connect(email).token).json() for email in (address, address.upper(), f"x{address}")]

    assert told[0] == told[1] == {"sub": told[0]["sub"], "email": address, "email_verified": True}
    assert told[0]["sub"].isdigit()
    assert told[2]["sub"] != told[0]["sub"]


def test_without_the_scopes_there_is_neither_address_nor_id_token(google: Google, address: str) -> None:
    without_mail = google.connect(address, ["openid"])
    without_openid = google.connect(address, [EMAIL])

    assert userinfo(google, without_mail.token).json().keys() == {"sub"}
    assert without_mail.id_token
    assert without_openid.id_token is None


def test_client_and_secret_go_in_the_body_or_by_basic(strict: Google, address: str) -> None:
    code, verifier = code_for(strict, address)
    assert exchange(strict, code, verifier).status_code == 200
    assert strict.connect(address).token, "the official flow sends Basic"


@pytest.mark.parametrize("changes", [{"client_secret": "wrong"}, {"client_id": "other"}, {"client_secret": ""}])
def test_an_unknown_client_is_refused_and_the_code_stays_good(
    strict: Google, address: str, changes: dict[str, str]
) -> None:
    code, verifier = code_for(strict, address)
    answer = exchange(strict, code, verifier, **changes)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert exchange(strict, code, verifier).status_code == 200


def test_an_unknown_client_gets_no_consent_page(strict: Google) -> None:
    url, _ = strict.flow().authorization_url()

    assert strict.http.get(url).status_code == 200
    assert strict.http.get(url.replace(CLIENT_ID, "other")).status_code == 401


def test_a_code_serves_once(google: Google, address: str) -> None:
    code, verifier = code_for(google, address)
    answers = [exchange(google, code, verifier) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_grant"


@pytest.mark.parametrize("verifier", [None, "wrong" * 10])
def test_pkce_wants_the_verifier(google: Google, address: str, verifier: str | None) -> None:
    code, _ = code_for(google, address)
    answer = exchange(google, code, verifier)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_official_flow_meets_pkce_as_an_exception(google: Google, address: str) -> None:
    flow = google.flow()
    url, _ = flow.authorization_url()
    code = answer_of(google.click(url, email=address))["code"]
    flow.code_verifier = "w" * 64
    with pytest.raises(InvalidGrantError):
        flow.fetch_token(code=code)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "redirect_uri_mismatch"),
        ({"client_id": "another"}, "invalid_grant"),
        ({"code": "4/0unknown"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_an_exchange_that_does_not_fit_is_refused(
    google: Google, address: str, changes: dict[str, str], error: str
) -> None:
    code, verifier = code_for(google, address)
    answer = exchange(google, code, verifier, **changes)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("asked", "has_one"),
    [
        ([OFFLINE], [True]),
        ([{"access_type": "online", "prompt": "consent"}], [False]),
        ([OFFLINE, {"access_type": "offline"}], [True, False]),
        ([OFFLINE, OFFLINE], [True, True]),
    ],
)
def test_a_refresh_token_comes_with_the_first_consent_or_when_consent_is_asked_for(
    google: Google, address: str, asked: list[dict[str, str]], has_one: list[bool]
) -> None:
    answers = [exchange(google, *code_for(google, address, **each)).json() for each in asked]

    assert ["refresh_token" in answer for answer in answers] == has_one


def test_a_refresh_token_brings_new_access_tokens_and_stays(google: Google, address: str) -> None:
    credentials = google.connect(address)
    refresh_token, tokens = credentials.refresh_token, {credentials.token}
    for _ in range(2):
        credentials.refresh(Request())
        tokens.add(credentials.token)

    assert len(tokens) == 3
    assert credentials.refresh_token == refresh_token
    assert userinfo(google, credentials.token).json()["email"] == address


def test_a_refresh_token_serves_its_own_client_only(google: Google, address: str) -> None:
    form = {
        "grant_type": "refresh_token", "refresh_token": google.connect(address).refresh_token, "client_secret": "any",
    }  # fmt: skip
    answers = [
        google.http.post(f"{google.url}/token", data=form | {"client_id": client}) for client in (CLIENT_ID, "other")
    ]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_grant"


def exchange_at_the_age_of(seconds: int) -> str:
    grants = Grants(threading.RLock(), Store().shelf("refresh tokens", Consent), token_seconds=60)
    consent = Consent(CLIENT_ID, "me@example.com", ("openid",), CALLBACK, at=time.monotonic() - seconds)
    exchanged, _ = grants.exchange(Exchange(grants.open_code(consent), CLIENT_ID, CALLBACK, verifier=None))
    return exchanged.email


def test_a_code_lives_ten_minutes() -> None:
    assert exchange_at_the_age_of(540) == "me@example.com"
    with pytest.raises(OAuthError, match="invalid_grant"):
        exchange_at_the_age_of(605)


def test_an_access_token_expires(google: Google, strict: Google, address: str) -> None:
    living, dying = google.connect(address), strict.connect(address)
    time.sleep(1.05)
    expired = userinfo(strict, dying.token)

    assert (userinfo(google, living.token).status_code, expired.status_code) == (200, 401)
    assert expired.json()["error"]["errors"][0]["reason"] == "authError"
    assert expired.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ya29.unknown", "Basic eDp5"])
def test_a_missing_or_unknown_token_is_401(google: Google, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    for path in ("v1/userinfo", "calendar/v3/calendars/primary/events"):
        answer = google.http.get(f"{google.url}/{path}", headers=headers)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("which", ["refresh_token", "token"])
def test_revoking_either_token_ends_both_for_good(google: Google, address: str, which: str) -> None:
    credentials = google.connect(address)
    given = {"token": getattr(credentials, which)}
    answers = [google.http.post(f"{google.url}/revoke", data=given) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 400]
    assert answers[1].json()["error"] == "invalid_token"
    assert userinfo(google, credentials.token).status_code == 401
    with pytest.raises(RefreshError) as refused:
        credentials.refresh(Request())
    assert refused.value.args[1]["error"] == "invalid_grant"
    assert not refused.value.retryable


def test_revoking_leaves_other_accounts_alone(google: Google, address: str) -> None:
    mine, other = google.connect(address), google.connect(f"x{address}")
    google.http.post(f"{google.url}/revoke", data={"token": mine.token})

    assert userinfo(google, other.token).status_code == 200


def test_the_answer_of_the_token_endpoint_is_as_documented(google: Google, address: str) -> None:
    told: dict[str, Any] = exchange(google, *code_for(google, address, **OFFLINE)).json()

    assert told.keys() == {"access_token", "expires_in", "scope", "token_type", "refresh_token", "id_token"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 3599)
