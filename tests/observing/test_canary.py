"""A person with a name that nobody else has goes through everything that can fail; then it is looked for everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from app.infra.db import session_scope
from tests.architecture.sources import ROOT
from tests.factories.mentors import make_mentor, make_offering
from tests.mailbox import Mailbox, open_mailbox
from tests.observing.listeners import FakeSentry, Wire, fake_sentry, tapped
from tests.observing.running import ObservedWorld, eventually, observed_world

NAME = "Canary Featherstone"
EMAIL = "canary.tweet@birdcage.test"
PASSWORD = "canary password sings"
NOTE = "I am Canary, and I am afraid of cats."
KONNECT_SECRET = "canaryatkonnect"
GOOGLE_SECRET = "GOCSPX-canaryatgoogle"
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
    wire: Wire
    secrets: list[str]
    outage_id: str


@pytest.fixture(scope="module")
def played(services, tmp_path_factory):
    directory = tmp_path_factory.mktemp("observed")
    settings = {
        "KONNECT_API_KEY": f"5f7a209aeb3f76490ac4a3d1:{KONNECT_SECRET}",
        "GOOGLE_CLIENT_SECRET": GOOGLE_SECRET,
        "SECRET_KEY": SECRET_KEY,
    }
    with fake_sentry() as sentry, tapped(services.broker_url) as wire, open_mailbox() as mailbox:
        settings |= {"SENTRY_DSN": sentry.dsn, "SMTP_URL": os.environ["SMTP_URL"]}
        with observed_world(services, directory, settings) as world:
            yield play(world, mailbox, sentry, wire)


def play(world: ObservedWorld, mailbox: Mailbox, sentry: FakeSentry, wire: Wire) -> Played:
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
    world.post(f"/bookings/{first['id']}/cancel", {"reason": NOTE}, access, **{"Idempotency-Key": "cancel"})
    world.post("/auth/resend-verification", {"email": EMAIL})
    assert third["status"] == "awaiting_payment"
    assert outage["status"] == 500
    await_failures(world, sentry)
    start_sweep(world)
    eventually(lambda: "ok" in [item["status"] for item in sentry.items("check_in")], "the end of the sweep")
    secrets = [NAME, EMAIL, PASSWORD, NOTE, KONNECT_SECRET, GOOGLE_SECRET, SECRET_KEY, link, access]
    return Played(world, sentry, wire, [*secrets, pair["refresh_token"]], outage["instance"])


def book(world: ObservedWorld, access: str, hours: int, note: str = NOTE, request_id: str = "a-booking"):
    """Book a session that has to be paid for, so many hours after nine in three days."""
    if "offering" not in BOOKABLE:
        with session_scope() as session:
            mentor = make_mentor(session, timezone="UTC")
            BOOKABLE["offering"] = str(make_offering(session, mentor).id)
    day = (datetime.now(tz=UTC) + timedelta(days=3)).replace(hour=9, minute=0, second=0, microsecond=0)
    body = {"offering_id": BOOKABLE["offering"], "starts_at": (day + timedelta(hours=hours)).isoformat(), "note": note}
    return world.post(
        "/bookings", body, access, **{"Idempotency-Key": f"book-{hours}", "X-Request-Id": request_id}
    ).json()


BOOKABLE: dict[str, str] = {}


def await_failures(world: ObservedWorld, sentry: FakeSentry) -> None:
    """Wait until everything that was made to fail has failed for the last time, and was reported."""
    dead = "SELECT count(DISTINCT task) FROM delivery WHERE state = 'dead'"
    with world.owner() as owner:
        eventually(lambda: owner.execute(dead).fetchone()[0] >= 3, "dead letters of three kinds", 90)
    eventually(lambda: len(failures(sentry)) >= 3, "the failures at Sentry")
    eventually(lambda: "Given up: tasks.payments.close_attempts" in sentry.text, "the dead letter at Sentry")


def start_sweep(world: ObservedWorld) -> None:
    """Have Beat's own scheduler start the sweep that Sentry watches; by itself it would come after a minute."""
    program = """
from celery.beat import Scheduler
from celery.signals import beat_init
from tasks.worker import app
import sentry_sdk
beat_init.send(sender=None)
scheduler = Scheduler(app)
for name in ("check-books", "poll-payments"):
    scheduler.apply_entry(scheduler.schedule[name])
sentry_sdk.flush()
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=dict(world.environment), check=True)


def failures(sentry: FakeSentry):
    """Return the events that tell of an exception, by the place where they happened."""
    return {event.get("transaction"): event for event in sentry.items("event") if "exception" in event}


def test_nothing_personal_and_no_secret_leaves(played):
    places = {
        "Sentry": played.sentry.text,
        "logs": played.world.text,
        "broker": played.wire.text,
    }
    assert all(len(text) > 5_000 for text in places.values()), {name: len(text) for name, text in places.items()}
    found = [(secret, name) for name, text in places.items() for secret in played.secrets if secret in text]
    assert found == []


def test_the_listeners_hear_what_is_said(played):
    """Otherwise the silence above would say nothing."""
    assert '"task-failed"' in played.wire.text
    assert "tasks.payments.close_attempts" in played.wire.text
    assert "ck_tripwire_note" in played.world.text
    assert "a delivery is dead" in played.world.text


def test_a_request_that_fails_is_reported_with_its_route_its_place_and_its_id(played):
    event = failures(played.sentry)["/api/v1/bookings"]
    assert event["tags"]["correlation_id"] == played.outage_id == "the-outage"
    *_, error = event["exception"]["values"]
    assert (error["type"], error["mechanism"]["handled"]) == ("IntegrityError", True)
    assert "ck_tripwire_note" in error["value"]
    assert "app.booking.service.book" in {frame["module"] for frame in error["stacktrace"]["frames"]}
    assert {name for frame in error["stacktrace"]["frames"] for name in frame} == {
        "filename", "function", "in_app", "lineno", "module",
    }  # fmt: skip


def test_a_task_and_a_sweep_that_fail_are_reported_under_their_names(played):
    reported = failures(played.sentry)
    assert {"tasks.payments.close_attempts", "tasks.maintenance.expire_bookings"} <= reported.keys()
    assert reported["tasks.payments.close_attempts"]["exception"]["values"][-1]["type"] == "IntegrityError"


def test_what_was_given_up_is_reported_as_an_issue_of_its_task(played):
    told = {event["message"]: event for event in played.sentry.items("event") if "message" in event}
    event = told["Given up: tasks.payments.close_attempts"]
    assert (event["level"], event["fingerprint"]) == ("fatal", ["dead letter: tasks.payments.close_attempts"])


def test_a_sweep_that_beat_starts_checks_in_and_out_again(played):
    checks = played.sentry.items("check_in")
    assert {check["monitor_slug"] for check in checks} == {"check-books"}
    assert checks[0]["status"] == "in_progress"
    assert checks[0]["monitor_config"]["schedule"] == {"type": "interval", "value": 1, "unit": "minute"}
    assert checks[-1]["status"] == "ok"
    assert checks[-1]["check_in_id"] == checks[0]["check_in_id"]
