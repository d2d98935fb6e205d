"""People of a town: mentors who connect calendars, learners who book them, and what they find afterwards."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.infra.clock import business_now
from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from sandbox.server import Sandbox
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.mentors import make_mentor, make_offering

API = "/api/v1"

_keys = itertools.count(1)


@dataclass(frozen=True)
class Town:
    """One API, one Google, one mailbox, and whoever acts."""

    client: FlaskClient
    sandbox: Sandbox
    http: httpx.Client
    drain: Callable[..., int]

    # --- who is there ------------------------------------------------------------------------------------------------

    def mentor(self) -> MadeUser:
        with session_scope() as session:
            return make_mentor(session)

    def connected_mentor(self) -> MadeUser:
        """Return a mentor whose Google account has the address that they have here."""
        mentor = self.mentor()
        connected = self.complete(mentor, **self.consent(mentor))
        assert connected.status_code == 200, connected.text
        self.drain()  # what follows from connecting is not what follows from booking
        return mentor

    def admin(self) -> MadeUser:
        with session_scope() as session:
            return make_user(session, roles=["admin"])

    # --- connecting --------------------------------------------------------------------------------------------------

    def post(self, user: MadeUser, path: str, body: object) -> TestResponse:
        headers = token_for(user) | {"Idempotency-Key": f"key-{next(_keys)}"}
        return self.client.post(API + path, json=body, headers=headers)

    def get(self, user: MadeUser, path: str) -> Any:
        found = self.client.get(API + path, headers=token_for(user))
        assert found.status_code == 200, found.text
        return found.json

    def begin(self, user: MadeUser, **body: str) -> str:
        """Begin to connect; the address of Google's page."""
        begun = self.post(user, "/calendar/google/connect", body)
        assert begun.status_code == 200, begun.text
        return str(begun.json["authorization_url"])

    def click(self, url: str, what: str = "allow", *, email: str) -> str:
        """Click on Google's page; where the browser is sent."""
        path, _, query = url.partition("?")
        clicked = self.http.post(f"{path}/{what}?{query}", params=[*_pairs(query), ("email", email)])
        assert clicked.status_code == 303, clicked.text
        return clicked.headers["Location"]

    def consent(self, user: MadeUser, *, email: str = "", **body: str) -> dict[str, str]:
        """Begin, and allow on Google's page; what Google sends back: state and code."""
        sent = parse_qs(urlsplit(self.click(self.begin(user, **body), email=email or user.email)).query)
        return {"state": sent["state"][0], "code": sent["code"][0]}

    def complete(self, user: MadeUser, *, state: str, code: str) -> TestResponse:
        return self.post(user, "/calendar/google/complete", {"state": state, "code": code})

    def disconnect(self, user: MadeUser) -> TestResponse:
        return self.client.delete(f"{API}/calendar/google", headers=token_for(user))

    # --- booking -----------------------------------------------------------------------------------------------------

    def book(self, mentor: MadeUser, *, title: str = "One hour", note: str = "") -> Booked:
        """Have somebody who has the money book the mentor for two days from now: it is confirmed at once."""
        with session_scope() as session:
            learner = make_user(session, name="Lina")
            offering = make_offering(session, mentor, title=title)
            paid = Money(45_000, "TND")
            ledger.post(
                session, f"capture:{uuid4()}", "capture",
                {accounts.psp("konnect"): -paid, accounts.deposit(learner.id): paid},
            )  # fmt: skip
            soon = business_now(session) + timedelta(days=2)
        query = {"offering_id": offering.id, "from": soon.isoformat(), "to": (soon + timedelta(days=2)).isoformat()}
        slots = self.client.get(f"{API}/mentors/{mentor.id}/slots", query_string=query).json["items"]
        body = {"offering_id": str(offering.id), "starts_at": slots[0]["starts_at"], "note": note}
        made = self.post(learner, "/bookings", body)
        assert made.json["status"] == "confirmed", made.text
        return Booked(self, made.json["id"], made.json["starts_at"], mentor, learner)

    # --- Google and the mailbox --------------------------------------------------------------------------------------

    def fault(self, kind: str, **fields: object) -> None:
        """Order a fault, once unless told otherwise."""
        ordered = self.http.post(f"{self.sandbox.url}/faults", json={"fault": kind, **fields})
        assert ordered.status_code == 201, ordered.text

    def end_faults(self) -> None:
        """End all faults, and the waiting of whoever is held by one."""
        self.http.delete(f"{self.sandbox.url}/faults")

    def events(self, mentor: MadeUser, *, deleted: bool = False) -> list[dict[str, Any]]:
        query = {"email": mentor.email, "showDeleted": str(deleted).lower()}
        found: list[dict[str, Any]] = self.http.get(f"{self.sandbox.url}/google/events", params=query).json()["items"]
        return found

    def mails(self, person: MadeUser) -> list[dict[str, Any]]:
        """Return the mails that somebody got, oldest first."""
        found = self.http.get(f"{self.sandbox.url}/mailbox", params={"to": person.email}).json()["items"]
        return list(reversed(found))

    # --- what else they see ------------------------------------------------------------------------------------------

    def alarms(self, **query: str) -> list[dict[str, Any]]:
        found = self.client.get(f"{API}/admin/notifications", query_string=query, headers=token_for(self.admin()))
        items: list[dict[str, Any]] = found.json["items"]
        return items

    def inbox(self, user: MadeUser) -> list[str]:
        return [message["type"] for message in self.get(user, "/notifications")["items"]]

    def scalar(self, sql: str, **parameters: object) -> Any:
        with session_scope() as session:
            return session.execute(text(sql), parameters).scalar()

    def execute(self, sql: str, **parameters: object) -> None:
        with session_scope() as session:
            session.execute(text(sql), parameters)


@dataclass(frozen=True)
class Booked:
    """A confirmed session."""

    town: Town
    id: str
    starts_at: str
    mentor: MadeUser
    learner: MadeUser

    @property
    def link(self) -> str | None:
        """Return where its people meet, as they see it."""
        shown: str | None = self.town.get(self.learner, f"/bookings/{self.id}")["meeting_url"]
        return shown

    @property
    def status(self) -> str:
        return str(self.town.get(self.learner, f"/bookings/{self.id}")["status"])

    def cancel(self) -> None:
        cancelled = self.town.post(self.mentor, f"/bookings/{self.id}/cancel", {"reason": "I am ill."})
        assert cancelled.json["status"] == "cancelled", cancelled.text

    def invitations(self, person: MadeUser) -> list[Calendar]:
        """Return what the mails of one of its people brought for their calendar, oldest first."""
        files = [attached for mail in self.town.mails(person) for attached in mail["attachments"]]
        return [
            Calendar.from_ical(base64.b64decode(file["content_base64"]))
            for file in files
            if file["filename"].endswith(".ics")
        ]


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(name, value) for name, values in parse_qs(query).items() for value in values]
