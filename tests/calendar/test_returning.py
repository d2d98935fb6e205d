"""Back from Google's page: to the front end's own addresses, with what Google said, and to nobody else."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from app.infra.config import settings

FRONTEND = "http://127.0.0.1:3000"


def back(town, url, what="allow"):
    """Click on Google's page and follow to our callback."""
    sent = urlsplit(town.click(url, what, email="someone@gmail.test"))
    assert f"{sent.scheme}://{sent.netloc}" == settings().public_url
    return town.client.get(f"{sent.path}?{sent.query}")


def test_the_browser_goes_on_to_the_front_end_with_code_and_state(town):
    mentor = town.mentor()
    answer = back(town, town.begin(mentor, return_to=f"{FRONTEND}/settings?tab=calendar"))
    assert answer.status_code == 303
    sent = urlsplit(answer.headers["Location"])
    assert (sent.scheme, sent.netloc, sent.path) == ("http", "127.0.0.1:3000", "/settings")
    query = dict(part.split("=", 1) for part in sent.query.split("&"))
    assert query.keys() == {"tab", "state", "code"}
    assert query["tab"] == "calendar"


def test_a_refusal_on_googles_page_is_told_to_the_front_end(town):
    answer = back(town, town.begin(town.mentor(), return_to=FRONTEND), "deny")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{FRONTEND}?state=")
    assert answer.headers["Location"].endswith("&error=access_denied")


@pytest.mark.parametrize(("what", "told"), [("allow", "not connected yet"), ("deny", "Nothing was connected")])
def test_without_a_return_address_a_small_page_is_shown_that_holds_neither_code_nor_state(town, what, told):
    answer = back(town, town.begin(town.mentor()), what)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert told in answer.text
    assert "4/0" not in answer.text


@pytest.mark.parametrize("query", ["?state=", "?state=forged&code=4%2F0x", f"?state={'x' * 200}"])
def test_a_state_that_nobody_began_leads_nowhere(town, query):
    answer = town.client.get(f"/api/v1/calendar/google/callback{query}")
    assert (answer.status_code, answer.json["code"]) == (400, "bad_state")


@pytest.mark.parametrize(
    "query", ["", "?code=4%2F0x", "?state=x&error=%3Cscript%3E", f"?state={'x' * 201}", "?state=x&code=", "?state=%00"]
)
def test_what_google_never_sends_is_refused(town, query):
    assert town.client.get(f"/api/v1/calendar/google/callback{query}").status_code == 422


FOREIGN = [
    "http://evil.example",
    "https://127.0.0.1:3000",
    "http://127.0.0.1:3001",
    "http://127.0.0.1",
    "http://127.0.0.1:3000@evil.example/",
    "http://evil.example@127.0.0.1:3000/",
    "http://127.0.0.1:3000.evil.example/",
    "http://127.0.0.1:3000\\@evil.example",
    "http:\\\\127.0.0.1:3000",
    "//127.0.0.1:3000/",
    "/settings",
    "javascript:alert(1)",
    "http://127.0.0.1:3000/#fragment",
    "http://127.0.0.1:3000/ x",
    "http://127.0.0.1:3000/\r\nX: y",
    "http://[::1",
    "http://127.0.0.1:port/",
    "",
    f"http://127.0.0.1:3000/{'x' * 2000}",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_a_browser_is_sent_nowhere_else(town, address):
    mentor = town.mentor()
    answer = town.post(mentor, "/calendar/google/connect", {"return_to": address})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/return_to"
    assert town.scalar("SELECT count(*) FROM calendar_consent WHERE user_id = :id", id=mentor.id) == 0


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("https://app.amana.test/me", 200),
        ("https://app.amana.test/me/calendar?x=1", 200),
        ("https://app.amana.test/mentor", 422),
        ("https://app.amana.test/me/../login", 422),
        ("https://app.amana.test/me/%2E%2e/login", 422),
        ("https://beta.amana.test/", 200),
        (FRONTEND, 422),
    ],
)
def test_operators_say_where_browsers_may_go(town, configure, address, status):
    configure(RETURN_URLS="https://app.amana.test/me, https://beta.amana.test")
    assert town.post(town.mentor(), "/calendar/google/connect", {"return_to": address}).status_code == status
