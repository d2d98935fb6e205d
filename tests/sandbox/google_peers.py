"""The other side of the sandbox's Google: Google's own client libraries, and a person at the consent page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httplib2
import httpx
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from google_auth_oauthlib.flow import Flow
from googleapiclient.discovery import build

from sandbox.server import Sandbox
from tests.patience import PATIENCE_SECONDS

CLIENT_ID, CLIENT_SECRET = "app.apps.googleusercontent.com", "GOCSPX-secret"
CALLBACK = "http://127.0.0.1:9/callback"
_AUTH = "https://www.googleapis.com/auth/"
EMAIL = f"{_AUTH}userinfo.email"
EVENTS, FREE_BUSY, CALENDARS = f"{_AUTH}calendar.events.owned", f"{_AUTH}calendar.freebusy", f"{_AUTH}calendar.readonly"
SCOPES = ["openid", EMAIL, EVENTS, FREE_BUSY]
START, END = "2027-03-01T10:00:00Z", "2027-03-01T11:00:00Z"


class Google:
    """An app that uses Google, and a person with a browser, of one sandbox."""

    def __init__(self, sandbox: Sandbox, http: httpx.Client) -> None:
        self.sandbox = sandbox
        self.http = http

    @property
    def url(self) -> str:
        """Where the sandbox's Google begins."""
        return self.sandbox.google_url

    def flow(self, scopes: list[str] | None = None, **more: Any) -> Flow:
        """Make the official flow, as an app does before and after the person's click."""
        addresses = {"auth_uri": f"{self.url}/o/oauth2/v2/auth", "token_uri": f"{self.url}/token"}
        config = {"web": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **addresses}}
        return Flow.from_client_config(config, scopes or SCOPES, redirect_uri=CALLBACK, **more)

    def click(self, url: str, what: str = "allow", form: dict[str, Any] | None = None, **query: str) -> httpx.Response:
        """Click for the person: POST <path of the page>/<what>, the query kept."""
        parts = urlsplit(url)
        more = "".join(f"&{name}={value}" for name, value in query.items())
        return self.http.post(
            urlunsplit(parts._replace(path=f"{parts.path}/{what}", query=parts.query + more)), data=form
        )

    def connect(self, email: str, scopes: list[str] | None = None, **asked: str) -> Credentials:
        """Go the whole way to the credentials of an account."""
        flow = self.flow(scopes)
        url, _ = flow.authorization_url(**{"prompt": "consent", **asked})
        flow.fetch_token(code=answer_of(self.click(url, email=email))["code"])
        return flow.credentials

    @contextmanager
    def calendar(self, credentials: Credentials) -> Iterator[Any]:
        """Return the official client of Calendar v3."""
        with closing(httplib2.Http(timeout=PATIENCE_SECONDS)) as transport:
            yield build(
                "calendar",
                "v3",
                http=AuthorizedHttp(credentials, http=transport),
                client_options={"api_endpoint": f"{self.url}/calendar/v3/"},
                static_discovery=True,
            )

    def call(self, method: str, path: str, credentials: Credentials, **more: Any) -> httpx.Response:
        """Call Calendar v3 by hand: what the official client hides can be seen."""
        headers = {"Authorization": f"Bearer {credentials.token}", **more.pop("headers", {})}
        return self.http.request(method, f"{self.url}/calendar/v3/{path}", headers=headers, **more)

    def order(self, fault: str, **fields: object) -> None:
        """Order a fault."""
        answer = self.http.post(f"{self.sandbox.url}/faults", json={"fault": fault, **fields})
        assert answer.status_code == 201, answer.text

    def held(self, email: str, **query: str) -> list[dict[str, Any]]:
        """Return the events that a calendar holds."""
        items: list[dict[str, Any]] = self.http.get(f"{self.url}/events", params={"email": email, **query}).json()[
            "items"
        ]
        return items


def answer_of(click: httpx.Response) -> dict[str, str]:
    """Return the query that the browser carries back to the app."""
    assert click.status_code == 303, click.text
    assert click.headers["Location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(click.headers["Location"]).query).items()}


def event(**changes: Any) -> dict[str, Any]:
    """Make the body of an event of one hour, changed; a field changed to None is left out."""
    body = {"summary": "One hour", "start": {"dateTime": START}, "end": {"dateTime": END}} | changes
    return {name: value for name, value in body.items() if value is not None}


def meet(request_id: str) -> dict[str, Any]:
    """Make the ConferenceData that asks for a Meet link."""
    return {"createRequest": {"requestId": request_id, "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
