"""The story of a person with a name that nobody else has, who meets everything that can fail, with all listening."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.infra import config
from app.infra.db import session_scope
from tests.architecture.sources import ROOT
from tests.factories.mentors import make_mentor, make_offering
from tests.mailbox import Mailbox, open_mailbox
from tests.observing.listeners import FakeCollector, FakeSentry, Wire, fake_collector, fake_sentry, tapped
from tests.observing.running import ObservedWorld, observed_world
from tests.patience import PATIENCE_SECONDS, eventually

NAME = "Canary Featherstone"
EMAIL = "canary.tweet@birdcage.test"
PASSWORD = "canary password sings"
NOTE = "I am Canary, and I am afraid of cats."
KONNECT_SECRET = "canaryatkonnect"
GOOGLE_SECRET = "GOCSPX-canaryatgoogle"
METHOD = "CANARYTWEET"
SECRET_KEY = "canary4d1c2b9a8e7d6c5b4a39281706f5e4d3c2"

#: Sees to it that the next change of a row fails, and that PostgreSQL quotes the row while refusing.
TRIPWIRES = """
    ALTER TABLE booking ADD CONSTRAINT ck_tripwire_note CHECK (note <> 'I am Canary, and I am afraid of cats. Twice.');
    ALTER TABLE booking ADD CONSTRAINT ck_tripwire_end CHECK (status NOT IN ('expired')) NOT VALID;
    ALTER TABLE payment ADD CONSTRAINT ck_tripwire_payment CHECK (status <> 'cancelled') NOT VALID;
"""


@dataclass
class Played:
    """What was listened to while the story was played, and the secrets that came up in it."""

    world: ObservedWorld
    sentry: FakeSentry
    collector: FakeCollector
    wire: Wire
    secrets: list[str]
    outage_id: str


@pytest.fixture(scope="package")
def played(services, tmp_path_factory):
    directory = tmp_path_factory.mktemp("observed")
    settings = {
        "KONNECT_API_KEY": f"5f7a209aeb3f76490ac4a3d1:{KONNECT_SECRET}",
        "GOOGLE_CLIENT_SECRET": GOOGLE_SECRET,
        "SECRET_KEY": SECRET_KEY,
    }
    with (
        fake_sentry() as sentry,
        fake_collector() as collector,
        tapped(services.broker_url) as wire,
        open_mailbox() as mailbox,
    ):
        settings |= {"SENTRY_DSN": sentry.dsn, "SMTP_URL": os.environ["SMTP_URL"]}
        settings |= {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.peer.url}
        with observed_world(services, directory, settings) as world:
            secrets, outage_id = play(world, mailbox, sentry)
            yield Played(world, sentry, collector, wire, secrets, outage_id)


def play(world: ObservedWorld, mailbox: Mailbox, sentry: FakeSentry) -> tuple[list[str], str]:
    """Register, sign in, book; then have a task, a sweep, a mail and a request fail for good."""
    person = {"email": EMAIL, "password": PASSWORD, "name": NAME, "timezone": "Africa/Tunis"}
    world.post("/auth/register", person)
    (link,) = eventually(mailbox.tokens, "the mail with the link")
    world.post("/auth/verify-email", {"token": link})
    world.post("/auth/login", {"email": EMAIL, "password": f"{PASSWORD} wrong"})
    pair = world.post("/auth/login", {"email": EMAIL, "password": PASSWORD}).json()
    access = pair["access_token"]

    first, second, third = (book(world, access, hours) for hours in (0, 1, 2))
    with world.owner() as owner:
        owner.execute(TRIPWIRES)
        outage = book(world, access, 3, note=f"{NOTE} Twice.", request_id="the-outage")
        owner.execute("UPDATE booking SET expires_at = now() - interval '1 minute' WHERE id = %s", [second["id"]])
    mailbox.refusal = f"550 5.1.1 <{EMAIL}>: {NAME} does not live here"
    world.post(
        f"/bookings/{first['id']}/cancel",
        {"reason": NOTE},
        access,
        **{"Idempotency-Key": "cancel", "X-Request-Id": "a-cancel"},
    )
    world.post("/auth/resend-verification", {"email": EMAIL})
    send_rubbish(world)
    assert third["status"] == "awaiting_payment"
    assert outage["status"] == 500
    await_failures(world, sentry)
    start_sweep(world)
    eventually(lambda: check_ins_and_outs(sentry), "the end of the sweep")
    secrets = [NAME, EMAIL, PASSWORD, NOTE, METHOD, KONNECT_SECRET, GOOGLE_SECRET, SECRET_KEY, link, access]
    return [*secrets, pair["refresh_token"]], outage["instance"]


def send_rubbish(world: ObservedWorld) -> None:
    """Send what is no HTTP, and methods and paths that nobody knows."""
    host = "Host: here\r\n"
    for request in (
        f"GET /{EMAIL}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{host}{EMAIL}: hello\r\n\r\n",
        f"GET / HTTP/1.1\r\n{host}Expect: {EMAIL}\r\n\r\n",
        f"{EMAIL} / HTTP/1.1\r\n{host}\r\n",
        f"POST / HTTP/1.1\r\n{host}Transfer-Encoding: {EMAIL}\r\n\r\n",
        f"{METHOD} /health/live HTTP/1.1\r\n{host}\r\n",
        f"GET /{EMAIL}?mail={EMAIL} HTTP/1.1\r\n{host}User-Agent: {NAME}\r\nBaggage: sentry-user={EMAIL}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", world.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(request.encode())
            assert connection.recv(12).startswith(b"HTTP/1.1 "), request


def book(world: ObservedWorld, access: str, hours: int, note: str = NOTE, request_id: str = "a-booking"):
    """Book a session that has to be paid for, so many hours after nine in three days."""
    if "offering" not in BOOKABLE:
        with session_scope() as session:
            mentor = make_mentor(session, timezone="UTC")
            BOOKABLE["offering"] = str(make_offering(session, mentor).id)
    day = (datetime.now(tz=UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
    body = {"offering_id": BOOKABLE["offering"], "starts_at": (day + timedelta(hours=hours)).isoformat(), "note": note}
    headers = {"Idempotency-Key": f"book-{hours}", "X-Request-Id": request_id, "traceparent": STRANGE_TRACE}
    return world.post("/bookings", body, access, **headers).json()


#: What a caller says of a trace of its own.
STRANGE_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BOOKABLE: dict[str, str] = {}


def await_failures(world: ObservedWorld, sentry: FakeSentry) -> None:
    """Wait until everything that was made to fail has failed for the last time, and was reported."""
    dead = "SELECT count(DISTINCT task) FROM delivery WHERE state = 'dead'"
    with world.owner() as owner:
        eventually(lambda: owner.execute(dead).fetchone()[0] >= 3, "dead letters of three kinds")
    eventually(lambda: len(failures(sentry)) >= 3, "the failures at Sentry")
    eventually(lambda: "Given up: tasks.payments.close_attempts" in sentry.text, "the dead letter at Sentry")


def start_sweep(world: ObservedWorld) -> None:
    """Have Beat's own scheduler start the sweep that Sentry watches; by itself it would come after a minute."""
    program = f"""
from celery.beat import Scheduler
from celery.signals import beat_init
from tasks.worker import app
import sentry_sdk
beat_init.send(sender=None)
scheduler = Scheduler(app)
for name in ("check-books", "poll-payments"):
    scheduler.apply_entry(scheduler.schedule[name])
sentry_sdk.flush(timeout={PATIENCE_SECONDS})
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=dict(world.environment), check=True)


def check_ins_and_outs(sentry: FakeSentry):
    """Return what was sent of each run of a sweep that has begun and ended well.

    A process sends each of them, in any order; and Beat itself starts more of them when a minute is over.
    """
    begun, ended = (
        {item["check_in_id"]: item for item in sentry.items("check_in") if item["status"] == status}
        for status in ("in_progress", "ok")
    )
    return [(begun[run], ended[run]) for run in begun.keys() & ended.keys()]


def failures(sentry: FakeSentry):
    """Return the events that tell of an exception, by the place where they happened."""
    return {event.get("transaction"): event for event in sentry.items("event") if "exception" in event}


@pytest.fixture
def chosen(services, monkeypatch):
    """Return a function that sets settings of this process for one test."""

    def choose(**settings: str) -> None:
        for variable, value in settings.items():
            monkeypatch.setenv(variable, value)
        config.settings.cache_clear()

    yield choose
    monkeypatch.undo()
    config.settings.cache_clear()
