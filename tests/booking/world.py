"""People who meet: what they do over HTTP, what they see, and whether every millime can be explained."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.identity.service import add_role
from app.identity.states import Role
from app.infra.clock import advance, business_now
from app.infra.db import session_scope
from app.mentors.service import OfferingView
from sandbox.server import Sandbox
from tests.books import broken_invariants
from tests.factories.booking import ALWAYS, give_money, settle_payment
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.mentors import make_mentor, make_offering
from tests.factories.payments import tnd

API = "/api/v1"
HOUR = timedelta(hours=1)
REASON = {"reason": "I changed my mind."}

_keys = itertools.count(1)


@dataclass(frozen=True)
class World:
    """One API and whoever acts. `outside` is the gateway and the mail server."""

    app: Flask
    outside: Sandbox
    drain: Callable[..., int]

    @property
    def client(self) -> FlaskClient:
        """Return a new client: people at once have one each."""
        return self.app.test_client()

    # --- who is there ------------------------------------------------------------------------------------------------

    def person(self, *roles: str, money: int = 0, **about: Any) -> MadeUser:
        """Have somebody with these roles, and so many millimes in the wallet."""
        with session_scope() as session:
            user = make_user(session, roles=roles, **about)
            if money:
                give_money(session, user, money)
        return user

    def become(self, user: MadeUser, role: str) -> None:
        """Give somebody a role."""
        with session_scope() as session:
            add_role(session, user.id, Role(role))

    def mentor(self, **settings: Any) -> MadeUser:
        """Have a mentor who is open at every hour unless told otherwise."""
        with session_scope() as session:
            return make_mentor(session, **({"rules": ALWAYS, "timezone": "UTC"} | settings))

    def offer(self, mentor: MadeUser | None = None, *, price: int = 45_000, minutes: int = 60) -> OfferingView:
        """Have a mentor (a new one unless given) offer a session for `price` millimes."""
        mentor = mentor or self.mentor()
        with session_scope() as session:
            return make_offering(session, mentor, duration_minutes=minutes, price=tnd(price))

    # --- what they do ------------------------------------------------------------------------------------------------

    def post(self, user: MadeUser, path: str, body: object = None, *, key: str = "") -> TestResponse:
        """Send a request with an Idempotency-Key, a new one unless given."""
        headers = token_for(user) | {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.client.post(API + path, json=body, headers=headers)

    def get(self, user: MadeUser, path: str, **query: Any) -> Any:
        """Return what a user sees, who must be let in."""
        found = self.client.get(API + path, query_string=query, headers=token_for(user))
        assert found.status_code == 200, found.text
        return found.json

    def book(self, user: MadeUser, offering: OfferingView, starts_at: str = "", **more: Any) -> TestResponse:
        """Ask for a slot, the first that a free cancellation is possible for unless given."""
        key = more.pop("key", "")
        body = {"offering_id": str(offering.id), "starts_at": starts_at or self.slot(offering), **more}
        return self.post(user, "/bookings", body, key=key)

    def booked(self, user: MadeUser, offering: OfferingView, starts_at: str = "", **more: Any) -> dict[str, Any]:
        """Book a slot, which must succeed."""
        made = self.book(user, offering, starts_at, **more)
        assert made.status_code == 201, made.text
        return dict(made.json)

    def held(self, price: int = 45_000) -> tuple[MadeUser, MadeUser, dict[str, Any]]:
        """Have a session that is paid, held and completed: its learner, its mentor, the booking."""
        mentor, learner = self.mentor(), self.person(money=price)
        booking = self.booked(learner, self.offer(mentor, price=price))
        self.pass_until(booking["ends_at"])
        return learner, mentor, booking

    def cancel(self, user: MadeUser, booking: dict[str, Any], **more: Any) -> TestResponse:
        """Cancel a booking."""
        return self.post(user, f"/bookings/{booking['id']}/cancel", REASON, **more)

    def report(self, user: MadeUser, booking: dict[str, Any]) -> TestResponse:
        """Report a problem with a session."""
        return self.post(user, f"/bookings/{booking['id']}/report-problem", {"reason": "Nobody came."})

    def resolve(self, user: MadeUser, booking: dict[str, Any], outcome: str) -> TestResponse:
        """Decide a dispute."""
        body = {"outcome": outcome, "reason": "We looked into it."}
        return self.post(user, f"/admin/bookings/{booking['id']}/resolve", body)

    # --- what happens ------------------------------------------------------------------------------------------------

    def pay(self, booking: dict[str, Any], *, drain: bool = True) -> None:
        """Have the latest attempt paid at the gateway, and let the workers do what follows."""
        rest = booking["price"]["amount"] - booking["order"]["from_wallet"]["amount"]
        with session_scope() as session:
            settle_payment(session, UUID(booking["payment"]["id"]), tnd(rest))
        if drain:
            self.drain()

    def pass_time(self, time: timedelta) -> None:
        """Move business time forward, and let the workers do what falls due."""
        moved = self.client.post(f"{API}/sandbox/clock", json={"advance_seconds": int(time.total_seconds())})
        assert moved.status_code == 200, moved.text
        self.drain()

    def pass_until(self, instant: str, after: timedelta = timedelta(seconds=1)) -> None:
        """Move business time to a little after an instant of an answer, and let the workers do what falls due."""
        self.pass_time(read(instant) + after - self.now())

    def pass_time_asleep(self, time: timedelta) -> None:
        """Move business time forward while no worker is at work."""
        with session_scope() as session:
            advance(session, int(time.total_seconds()))

    # --- what they see -----------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return business time."""
        with session_scope() as session:
            return business_now(session)

    def slots(self, offering: OfferingView, days: int = 7, begin: datetime | None = None) -> list[str]:
        """Return when sessions can begin, a little after the notice unless told otherwise."""
        begin = begin or self.now() + 2 * HOUR
        window = {"from": written(begin), "to": written(begin + timedelta(days=days))}
        query = {"offering_id": offering.id, **window}
        found = self.client.get(f"{API}/mentors/{offering.mentor_id}/slots", query_string=query)
        assert found.status_code == 200, found.text
        return [slot["starts_at"] for slot in found.json["items"]]

    def slot(self, offering: OfferingView, *, ahead: timedelta = timedelta(days=2)) -> str:
        """Return the first slot that lies so far ahead."""
        return self.slots(offering, begin=self.now() + ahead)[0]

    def booking(self, user: MadeUser, booking: dict[str, Any]) -> dict[str, Any]:
        """Return a booking as it is now."""
        return dict(self.get(user, f"/bookings/{booking['id']}"))

    def wallet(self, user: MadeUser) -> tuple[int, int, int]:
        """Return (available, held, withdrawable) millimes."""
        (balance,) = self.get(user, "/wallet")["balances"]
        return balance["available"]["amount"], balance["held"]["amount"], balance["withdrawable"]["amount"]

    def scalar(self, sql: str, **parameters: object) -> Any:
        """Return the one value that a query finds."""
        with session_scope() as session:
            return session.execute(text(sql), parameters).scalar_one()

    def events(self, kind: str) -> int:
        """Count the facts of a kind."""
        return int(self.scalar("SELECT count(*) FROM event WHERE type = :kind", kind=kind))

    def check_books(self) -> None:
        """Check every invariant of MONEY.md."""
        with session_scope() as session:
            assert broken_invariants(session) == ()


def read(instant: str) -> datetime:
    """Read an instant of an answer."""
    return datetime.fromisoformat(instant)


def written(instant: datetime) -> str:
    """Write an instant as a client does."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Return status and code of a refusal, which must be a problem document."""
    assert answer.content_type == "application/problem+json", answer.text
    assert answer.json["status"] == answer.status_code
    return answer.status_code, answer.json["code"]
