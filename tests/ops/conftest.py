"""What the tests of the back office share: its people, what they read, and ways in which work really dies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask.testing import FlaskClient

from app.gateways.psp import router
from app.infra import config
from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.payouts import service as payouts
from app.payouts.queries import attempts_of
from embedded.cluster import Database
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.payments import tnd
from tests.factories.payouts import make_earner
from tests.mailbox import Mailbox, open_mailbox
from tests.patience import PATIENCE_SECONDS

#: Where pings of gateways wait, by their kind, and the column of what they are about.
INBOXES = {"payment": ("webhook_ping", "payment_id"), "payout": ("payout_ping", "attempt_id")}

#: What must stand in no alarm and in no report.
CANARY_NAME = "Canary Featherstone"
CANARY_EMAIL = "canary@birdcage.test"

LOOK, LOOK_AT_BROKER = "app.ops.health.looking.SECONDS", "app.ops.health.broker.SECONDS"

#: How long a look may take at most, and each of its parts, in production.
LIMITS = {
    name: resolve_name(name)
    for name in (
        LOOK,
        "app.ops.health.checks.SLOW_SECONDS",
        LOOK_AT_BROKER,
        "app.ops.health.checks.BEAT_LEAST_SECONDS",
    )
}

LetAPingWait = Callable[[str, int], None]

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have looks take as long as a slow machine needs."""
    for name in LIMITS:
        monkeypatch.setattr(name, PATIENCE_SECONDS)


@pytest.fixture
def impatient(patient: None) -> Iterator[None]:
    """Have looks end as soon as in production: for what hangs, and would hang for ever."""
    with impatience():
        yield


@contextmanager
def impatience(*names: str, times: float = 1.0) -> Iterator[None]:
    """Have looks, or these parts of them, take so many times as long as they may in production, and no longer."""
    with pytest.MonkeyPatch.context() as patch:
        for name in names or LIMITS:
            patch.setattr(name, LIMITS[name] * times)
        yield


@pytest.fixture
def admin(database: Database) -> MadeUser:
    """Return an admin."""
    with session_scope() as session:
        return make_user(session, roles=["admin"])


@pytest.fixture
def support(database: Database) -> MadeUser:
    """Return somebody of the back office who is no admin."""
    with session_scope() as session:
        return make_user(session, roles=["support"])


@pytest.fixture
def canary(database: Database) -> MadeUser:
    """Return a person whose name and address can be found again wherever they slip in."""
    with session_scope() as session:
        return make_user(session, name=CANARY_NAME, email=CANARY_EMAIL)


@pytest.fixture
def alarms(client: FlaskClient, admin: MadeUser) -> Callable[..., list[dict[str, Any]]]:
    """Return a function that lists alarms over HTTP as an admin sees them."""

    def listed(**query: Any) -> list[dict[str, Any]]:
        answer = client.get("/api/v1/admin/notifications", query_string=query, headers=token_for(admin))
        items: list[dict[str, Any]] = answer.json["items"]
        return items

    return listed


@pytest.fixture
def post(database: Database) -> Iterator[Mailbox]:
    """Return a mail server that takes everything."""
    with open_mailbox() as opened:
        yield opened


@pytest.fixture
def mailbox(post: Mailbox) -> Mailbox:
    """Return a mail server that refuses every recipient for good, and quotes the address while doing so."""
    post.refusal = f"550 5.1.1 <{CANARY_EMAIL}>: no such user"
    return post


@pytest.fixture
def kill_mail(client: FlaskClient, mailbox: Mailbox, drain: Callable[[], int]) -> Callable[..., None]:
    """Return a function that has one more mail die: somebody registers whom the mail server refuses."""

    def register(request_id: str = "some-request") -> None:
        person = {"name": CANARY_NAME, "email": f"{next(_numbers)}{CANARY_EMAIL}", "password": "twelve and more"}
        body, headers = {**person, "timezone": "Africa/Tunis"}, {"X-Request-Id": request_id}
        answer = client.post("/api/v1/auth/register", json=body, headers=headers)
        assert answer.status_code == 202
        drain()

    return register


@pytest.fixture
def kill_payment(client: FlaskClient, canary: MadeUser, drain: Callable[[], int]) -> Callable[[], None]:
    """Return a function that has the opening of one more payment die: nobody listens at the gateway's address."""

    def open_top_up() -> None:
        top_up(client, canary)
        drain()

    return open_top_up


@pytest.fixture
def let_a_ping_wait(client: FlaskClient, canary: MadeUser, admin: MadeUser, owner: psycopg.Connection) -> LetAPingWait:
    """Return a function that has one more ping of a kind wait for so many seconds."""

    def wait(kind: str, seconds: int) -> None:
        about = top_up(client, canary) if kind == "payment" else payout_link(admin)
        table, column = INBOXES[kind]
        owner.execute(
            f"INSERT INTO {table} (id, {column}, received_at) VALUES (%s, %s, now() - make_interval(secs => %s))",
            [new_id(), about, seconds],
        )

    return wait


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Return a function that changes a setting of this process, by its variable, until the test ends."""

    def change(variable: str, value: str) -> None:
        monkeypatch.setenv(variable, value)
        forget_settings()

    yield change
    monkeypatch.undo()
    forget_settings()


def forget_settings() -> None:
    """Have the settings read again, and the gateways made of them."""
    config.settings.cache_clear()
    router.gateways.cache_clear()


def top_up(client: FlaskClient, user: MadeUser) -> UUID:
    """Open a payment of 45 TND over HTTP and return its id."""
    headers = {**token_for(user), "Idempotency-Key": f"top-up-{next(_numbers)}"}
    body = {"amount": {"amount": 45_000, "currency": "TND"}}
    answer = client.post("/api/v1/wallet/top-ups", json=body, headers=headers)
    return UUID(answer.json["id"])


def payout_link(admin: MadeUser) -> UUID:
    """Have a mentor ask for 45 TND, and return the id of the attempt to pay them."""
    with session_scope() as session:
        mentor = make_earner(session, 45_000)
        payout_id = payouts.request_payout(session, mentor.id, tnd(45_000))
        payouts.approve(session, admin.id, payout_id)
        (attempt,) = attempts_of(session, [payout_id])
        return attempt.id


def count(owner: psycopg.Connection, what: str) -> int:
    """Return how many rows there are of `table WHERE …`."""
    (found,) = owner.execute(f"SELECT count(*) FROM {what}").fetchone()
    return int(found)
