"""People who pay: what they do over HTTP, what they see, and whether every millime can be explained."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.infra.clock import advance, business_now
from app.infra.db import session_scope
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import queries
from app.payments.models import Order, Payment
from tests.books import broken_invariants
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.mentors import make_mentor, make_offering
from tests.factories.payments import tnd
from tests.patience import eventually
from tests.sandbox.peers import Gateway

API = "/api/v1"

_keys = itertools.count(1)


@dataclass(frozen=True)
class Offer:
    """An offering with its mentor, open from nine to five every day, and the first times that can be booked."""

    id: UUID
    mentor: MadeUser
    starts: list[str]


@dataclass(frozen=True)
class World:
    """One API, one gateway, and whoever acts."""

    client: FlaskClient
    gateway: Gateway
    drain: Callable[..., int]

    # --- who is there ------------------------------------------------------------------------------------------------

    def person(self) -> MadeUser:
        with session_scope() as session:
            return make_user(session)

    def offer(self, price: int = 45_000) -> Offer:
        """Have a mentor offer an hour for `price` millimes."""
        with session_scope() as session:
            mentor = make_mentor(session)
            offering = make_offering(session, mentor, price=tnd(price))
        begin = self.now() + timedelta(hours=2)  # the notice is one: it is still offered when a link has expired
        query = {"offering_id": offering.id, "from": _written(begin), "to": _written(begin + timedelta(days=7))}
        found = self.client.get(f"{API}/mentors/{mentor.id}/slots", query_string=query)
        return Offer(offering.id, mentor, [slot["starts_at"] for slot in found.json["items"]])

    def rich_person(self, minor: int) -> MadeUser:
        """Return somebody who has topped up."""
        user = self.person()
        self.pay(self.link(self.top_up(user, minor)))
        assert self.wallet(user) == (minor, 0, 0)
        return user

    # --- what they do ------------------------------------------------------------------------------------------------

    def post(self, user: MadeUser, path: str, body: object = None, *, key: str = "") -> TestResponse:
        """Send a request with an Idempotency-Key, a new one unless given."""
        headers = token_for(user) | {"Idempotency-Key": key or f"key-{next(_keys)}"}
        return self.client.post(API + path, json=body, headers=headers)

    def get(self, user: MadeUser, path: str) -> Any:
        found = self.client.get(API + path, headers=token_for(user))
        assert found.status_code == 200, found.text
        return found.json

    def top_up(self, user: MadeUser, minor: int) -> str:
        """Ask to bring money into a wallet; the id of the payment."""
        made = self.post(user, "/wallet/top-ups", {"amount": {"amount": minor, "currency": "TND"}})
        assert made.status_code == 201, made.text
        return str(made.json["id"])

    def book(self, user: MadeUser, offer: Offer, slot: int = 0) -> dict[str, Any]:
        """Book one of the first times that are offered."""
        made = self.post(user, "/bookings", {"offering_id": str(offer.id), "starts_at": offer.starts[slot]})
        assert made.status_code == 201, made.text
        booking: dict[str, Any] = made.json
        return booking

    def cancel(self, user: MadeUser, booking_id: str) -> TestResponse:
        return self.post(user, f"/bookings/{booking_id}/cancel", {"reason": "I changed my mind."})

    # --- what happens ------------------------------------------------------------------------------------------------

    def link(self, payment_id: str) -> str:
        """Let the workers get a pay link; the link."""
        self.drain()
        link = self.attempt(payment_id).pay_url
        assert link, f"the attempt is {self.attempt(payment_id).status}"
        return link

    def click(self, link: str, *, pings: int = 1, **query: str) -> None:
        """Pay at the gateway, and wait until it has called the webhook so many times more."""
        before = len(self.gateway.listed(link)["webhook_calls"])
        paid = self.gateway.click(link, **query)
        assert paid.status_code == 200, paid.text
        eventually(lambda: len(self.gateway.listed(link)["webhook_calls"]) >= before + pings)

    def pay(self, link: str, *, pings: int = 1, **query: str) -> None:
        """Pay at the gateway, and let the workers do what follows."""
        self.click(link, pings=pings, **query)
        self.drain()

    def end_faults(self) -> None:
        """Let the gateway be well again, and release whoever it holds."""
        assert self.gateway.http.delete(f"{self.gateway.sandbox.url}/faults").status_code == 204

    def advance(self, *, seconds: int) -> None:
        """Move business time forward, and let the workers do what falls due."""
        moved = self.client.post(f"{API}/sandbox/clock", json={"advance_seconds": seconds})
        assert moved.status_code == 200, moved.text
        self.drain()

    def advance_without_workers(self, *, seconds: int) -> None:
        """Move business time forward while nobody is at work."""
        with session_scope() as session:
            advance(session, seconds)

    def now(self) -> datetime:
        with session_scope() as session:
            return business_now(session)

    # --- what they see -----------------------------------------------------------------------------------------------

    def wallet(self, user: MadeUser) -> tuple[int, int, int]:
        """Return (available, held, withdrawable) millimes."""
        (balance,) = self.get(user, "/wallet")["balances"]
        return balance["available"]["amount"], balance["held"]["amount"], balance["withdrawable"]["amount"]

    def payment(self, user: MadeUser, payment_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(user, f"/payments/{payment_id}")
        return found

    def booking(self, user: MadeUser, booking_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(user, f"/bookings/{booking_id}")
        return found

    def attempt(self, payment_id: str) -> Payment:
        """Return the row behind a payment, for what the API does not show."""
        with session_scope() as session:
            found = queries.find_payment(session, UUID(payment_id))
        assert found is not None
        return found

    def order(self, booking: dict[str, Any]) -> Order:
        with session_scope() as session:
            (found,) = queries.find_orders(session, [UUID(booking["order"]["id"])])
        return found

    def balance(self, account: str, currency: str = "TND") -> int:
        with session_scope() as session:
            return ledger.balance(session, account, currency).minor

    def events(self, kind: str) -> int:
        """Count the facts of a kind."""
        return int(self.scalar("SELECT count(*) FROM event WHERE type = :kind", kind=kind))

    def scalar(self, sql: str, **parameters: object) -> Any:
        with session_scope() as session:
            return session.execute(text(sql), parameters).scalar_one()

    def check_books(self) -> None:
        """Check every invariant of MONEY.md."""
        with session_scope() as session:
            assert broken_invariants(session) == ()

    def check_gateway(self) -> None:
        """Check that the gateway's books equal ours: what it has taken is what it owes us."""
        items = self.gateway.get("/konnect/payments").json()["items"]
        assert sum(item["reached_amount"] for item in items) == -self.balance(accounts.psp("konnect"))


def _written(instant: datetime) -> str:
    return instant.isoformat()
