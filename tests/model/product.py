"""The product as people, the gateway, the clock and the broker meet it, and what can be seen of it afterwards.

People act over HTTP. The gateway is the sandbox, asked over its own socket; its pings are sent here, so that they come
when, and as often as, a walk wants. What the relay would give to the broker lies in a bag, out of which any message can
be delivered next, or once more.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from celery.exceptions import Retry
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.infra.clock import advance, business_now
from app.infra.db import session_scope
from app.infra.outbox import publish
from app.ops.books import Checked
from sandbox.server import Sandbox
from tasks import maintenance
from tasks.worker import app as worker
from tests.books import broken_invariants
from tests.factories.booking import ALWAYS
from tests.factories.identity import make_user, token_for
from tests.factories.mentors import make_mentor, make_offering
from tests.factories.payments import tnd
from tests.factories.payouts import MENTORS_WALLET

API = "/api/v1"

#: What moves money, or says that it will not come. Mails, calendars and alarms stay in the broker.
TASKS = (
    "tasks.payments.open_checkout", "tasks.payments.settle", "tasks.payments.close_attempts",
    "tasks.booking.apply_payment", "tasks.payouts.open_link", "tasks.payouts.settle",
    "tasks.maintenance.run_due_sweeps",
)  # fmt: skip

#: What the gateway does, and how it is ordered to.
FAULTS = {
    "lost": {"fault": "error_500_after_success", "on": "create"},
    "nothing done": {"fault": "error_500", "on": "create"},
    "refused": {"fault": "redirect", "on": "create"},
    "silent": {"fault": "error_500", "on": "fetch"},
}

_HURRY = text("UPDATE delivery SET available_at = now() WHERE state = 'retry' AND available_at > now()")

_TAKEN = text("""
    SELECT d.id, d.task, e.payload FROM delivery AS d JOIN event AS e ON e.id = d.event_id
    WHERE d.id = ANY(:ids) AND d.task = ANY(:tasks) ORDER BY d.seq
""")

_STATES = text("""
    SELECT 'booking ' || id, status FROM booking UNION ALL SELECT 'order ' || id, status FROM payment_order
    UNION ALL SELECT 'escrow ' || booking_id, status FROM escrow UNION ALL SELECT 'link ' || id, status FROM payment
    UNION ALL SELECT 'link ' || id, status FROM payout_attempt
    UNION ALL SELECT 'payout ' || id, status || ', debt ' || debt FROM payout
""")

_ACCOUNTS = text("SELECT code, posted, held FROM ledger.account WHERE posted <> 0 OR held <> 0")


@dataclass(frozen=True)
class Message:
    """A delivery on its way: which task, and what its event says."""

    id: UUID
    task: str
    about: dict[str, str]

    @property
    def what(self) -> str:
        """What the task does."""
        return self.task.rpartition(".")[2]


@dataclass(frozen=True)
class Seen:
    """What can be seen of the product: where everything stands, (balance, held) of accounts, broken invariants."""

    states: dict[str, str]
    accounts: dict[str, tuple[int, int]]
    broken: Sequence[Checked]


@dataclass
class Product:
    """One application on an empty database, with people in it who are known by their ids."""

    client: FlaskClient
    outside: Sandbox
    http: httpx.Client
    bag: list[Message] = field(default_factory=list)
    keys: itertools.count[int] = field(default_factory=itertools.count)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    offerings: dict[tuple[str, int], str] = field(default_factory=dict)
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    midnight: datetime = field(init=False)

    # --- who is there ------------------------------------------------------------------------------------------------

    def begin(self, prices: tuple[int, ...], begin: int) -> None:
        """Load the tasks, and set the clock to some seconds after a midnight."""
        worker.loader.import_default_modules()
        with session_scope() as session:
            now = business_now(session)
            self.midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            advance(session, int((self.midnight - now).total_seconds()) + 1 + begin)
        self.prices = prices

    def person(self, *roles: str) -> str:
        with session_scope() as session:
            made = make_user(session, roles=roles)
        self.headers[str(made.id)] = token_for(made)
        return str(made.id)

    def mentor(self) -> str:
        """Have a mentor who is open at every hour, offers sessions at all prices, and can be paid."""
        with session_scope() as session:
            made = make_mentor(session, rules=ALWAYS, timezone="UTC")
            for price in self.prices:
                self.offerings[str(made.id), price] = str(make_offering(session, made, price=tnd(price)).id)
        self.headers[str(made.id)] = token_for(made)
        body = {"konnect_wallet_id": MENTORS_WALLET}
        assert self.client.put(f"{API}/payouts/destination", json=body, headers=self.headers[str(made.id)]).status_code
        return str(made.id)

    # --- what they do ------------------------------------------------------------------------------------------------

    def post(self, who: str, path: str, body: object = None, *, twice: bool = False) -> TestResponse:
        """Send a request under a key of its own, and once more if asked: that must change nothing."""
        headers = self.headers[who] | {"Idempotency-Key": f"key-{next(self.keys)}"}
        answer = self.client.post(API + path, json=body, headers=headers)
        if twice and answer.status_code == 201:
            again = self.client.post(API + path, json=body, headers=headers)
            assert (again.status_code, again.json) == (201, answer.json)
        assert answer.status_code < 500, answer.text
        return answer

    def instant(self, seconds: int) -> str:
        """Write an instant of the walk as a client does."""
        return (self.midnight + timedelta(seconds=seconds)).astimezone(UTC).isoformat().replace("+00:00", "Z")

    def pass_time(self, seconds: int) -> None:
        """Move the clock, and let a message say so."""
        moved = self.client.post(f"{API}/sandbox/clock", json={"advance_seconds": seconds})
        assert moved.status_code == 200, moved.text

    # --- what the gateway does ---------------------------------------------------------------------------------------

    def at_gateway(self, link: str) -> dict[str, Any]:
        """Return the payment that the gateway has for a link."""
        if link not in self.known:
            found = self.http.get(f"{self.outside.url}/konnect/payments", params={"order_id": link})
            (self.known[link],) = found.json()["items"]
        return self.known[link]

    def pay(self, link: str, amount: int) -> None:
        """Pay some of a link, which calls no webhook by itself."""
        ref = self.at_gateway(link)["payment_ref"]
        where = f"{self.outside.url}/konnect/pay/pay?payment_ref={ref}&partial={amount}"
        paid = self.http.post(where, headers={"Accept": "application/json"})
        assert paid.status_code == 200, paid.text

    def ping(self, link: str) -> None:
        """Call the webhook of a link."""
        known = self.at_gateway(link)
        path = urlsplit(known["webhook"]).path
        assert self.client.get(path, query_string={"payment_ref": known["payment_ref"]}).status_code == 200

    # --- what the broker and the workers do --------------------------------------------------------------------------

    def collect(self) -> None:
        """Take what is due into the bag; what waits for another try is hurried along."""
        with session_scope() as session:
            session.execute(_HURRY)
            ids = [outgoing.id for outgoing in publish.take_due(session)]
            if ids:
                self.bag += [Message(*row) for row in session.execute(_TAKEN, {"ids": ids, "tasks": list(TASKS)})]

    def deliver(self, message: Message, trouble: str) -> None:
        """Hand a message to its task while the gateway is well, or in some trouble."""
        if trouble != "well":
            order = FAULTS[trouble] | {"order_id": message.about.get("payment_id") or message.about.get("attempt_id")}
            fault = self.http.post(f"{self.outside.url}/faults", json=order).json()["id"]
        task = worker.tasks[message.task]
        with suppress(Exception, Retry):  # a failure is on record in the delivery
            task(str(message.id))
        if trouble != "well":
            self.http.delete(f"{self.outside.url}/faults/{fault}")

    def sweep(self, *names: str) -> None:
        """Run some sweeps, as any number of Beats may at any time."""
        for name in names:
            getattr(maintenance, name)()

    # --- what can be seen --------------------------------------------------------------------------------------------

    def look(self) -> Seen:
        with session_scope() as session:
            return Seen(
                states=dict(session.execute(_STATES).all()),
                accounts={code: (posted, held) for code, posted, held in session.execute(_ACCOUNTS)},
                broken=broken_invariants(session),
            )
