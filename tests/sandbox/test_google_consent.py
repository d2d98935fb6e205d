"""The consent page, and the person's click on it."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from tests.sandbox.google_peers import CALLBACK, CLIENT_ID, EMAIL, EVENTS, FREE_BUSY, SCOPES, Google, answer_of

HTML = {"Accept": "text/html,*/*;q=0.8"}
ASKED = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "scope": " ".join(SCOPES)}


def page(google: Google, **changes: str | None) -> str:
    query = {name: value for name, value in (ASKED | changes).items() if value is not None}
    return f"{google.url}/o/oauth2/v2/auth?{urlencode(query)}"


def test_the_page_says_who_asks_for_what_and_offers_accounts(google: Google, address: str) -> None:
    google.connect(address)
    url, _ = google.flow().authorization_url(login_hint="me@example.com")
    answer = google.http.get(url, headers=HTML)

    assert answer.status_code == 200
    for shown in (
        CLIENT_ID,
        CALLBACK,
        "See when you are busy",
        'value="me@example.com"',
        f'<option value="{address}">',
    ):
        assert shown in answer.text
    for what in ("allow", "deny"):
        assert f'action="/google/o/oauth2/v2/auth/{what}?response_type=code&amp;' in answer.text
    assert answer.text.count(" disabled") == 2, "what signs the person in cannot be unticked"


def test_allow_goes_back_with_code_state_and_what_was_allowed(google: Google, address: str) -> None:
    back = answer_of(google.click(page(google, state="s&t"), email=address))

    assert (back["state"], back["scope"].split()) == ("s&t", SCOPES)
    assert back["code"]


def test_deny_goes_back_with_access_denied(google: Google) -> None:
    assert answer_of(google.click(page(google, state="s"), "deny")) == {"state": "s", "error": "access_denied"}


def test_the_query_of_redirect_uri_is_kept(google: Google, address: str) -> None:
    back = answer_of(google.click(page(google, redirect_uri=f"{CALLBACK}?from=google"), email=address))

    assert back["from"] == "google"
    assert back["code"]


@pytest.mark.parametrize(("ticked", "granted"), [([FREE_BUSY], ["openid", EMAIL, FREE_BUSY]), ([], ["openid", EMAIL])])
def test_scopes_can_be_unticked(google: Google, address: str, ticked: list[str], granted: list[str]) -> None:
    form = {"page": "1", "email": address, "scope": ticked}

    assert answer_of(google.click(page(google), form=form))["scope"].split() == granted


def test_a_scope_that_was_not_asked_for_cannot_be_ticked(google: Google, address: str) -> None:
    form = {"page": "1", "email": address, "scope": [EVENTS]}

    assert answer_of(google.click(page(google, scope="openid email"), form=form))["scope"].split() == ["openid", EMAIL]


@pytest.mark.parametrize("email", ["", "nobody", "two@at@example.com", "a b@example.com"])
def test_an_account_is_a_mail_address(google: Google, email: str) -> None:
    answer = google.click(page(google), email=email)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"].startswith("email must be ")


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"client_id": None}, 401, "invalid_client"),
        ({"redirect_uri": None}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://evil.example/callback"}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": None}, 400, "invalid_request"),
        ({"scope": "openid calendar"}, 400, "invalid_scope"),
        ({"prompt": "force"}, 400, "invalid_request"),
        ({"access_type": "forever"}, 400, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "plain"}, 400, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, 400, "invalid_request"),
    ],
)
def test_a_request_that_google_would_not_take_is_told_to_the_person(
    google: Google, changes: dict[str, str | None], status: int, says: str
) -> None:
    shown = google.http.get(page(google, **changes), headers=HTML)
    clicked = google.click(page(google, **changes), email="me@example.com")

    assert (shown.status_code, clicked.status_code) == (status, status)
    assert says in shown.text
    assert says in clicked.json()["errors"][0]["message"]
