"""Work that was given up is told to the back office and to Sentry, once; the death of a report is told to nobody."""

from __future__ import annotations

import gzip
import json

import pytest

from app.infra.db import session_scope
from app.infra.outbox import publish
from tests.factories.identity import token_for
from tests.infra.peer import peer, says
from tests.ops.conftest import CANARY_EMAIL, CANARY_NAME, count

MAIL_TASK = "tasks.identity.send_verification"


@pytest.fixture
def sentry(setting):
    """Run what Sentry is to us: something that takes envelopes."""
    with peer(says("200 OK", "Content-Type: application/json", body=b"{}")) as running:
        setting("SENTRY_DSN", running.url.replace("http://", "http://publickey@") + "/42")
        yield running


def envelopes(sentry):
    """Return the head of every request and the events in it."""
    for request in sentry.asked:
        head, _, body = request.partition(b"\r\n\r\n")
        lines = gzip.decompress(body).splitlines()
        yield head.decode(), [json.loads(line) for line in lines if b'"level"' in line]


def test_a_dead_mail_is_an_error_with_the_task_the_class_of_its_error_and_its_id(kill_mail, alarms, owner):
    kill_mail()
    (delivery_id,) = owner.execute("SELECT id FROM delivery WHERE task = %s", [MAIL_TASK]).fetchone()
    (alarm,) = alarms()
    assert (alarm["type"], alarm["severity"], alarm["count"]) == ("system_error", "error", 1)
    assert alarm["title"] == f"Given up: {MAIL_TASK}"
    assert f"/api/v1/admin/dead-letters/{delivery_id}" in alarm["message"]
    assert alarm["related"] == {"kind": "delivery", "id": str(delivery_id)}
    assert alarm["metadata"] == {
        "delivery_id": str(delivery_id),
        "task": MAIL_TASK,
        "queue": "notifications",
        "event": "UserRegistered",
        "attempts": 1,
        "error": "PermanentFailure",
    }


def test_dead_work_for_money_is_critical_and_fatal_to_sentry(kill_payment, alarms, sentry):
    kill_payment()
    (alarm,) = alarms()
    assert alarm["severity"] == "critical"
    assert alarm["metadata"]["queue"] == "payments"
    assert (alarm["metadata"]["attempts"], alarm["metadata"]["error"]) == (10, "TransientFailure")
    ((_, (event,)),) = envelopes(sentry)
    assert event["level"] == "fatal"


def test_deaths_of_one_task_are_counted_in_one_alarm_that_names_the_latest(kill_mail, alarms, owner):
    for _ in range(3):
        kill_mail()
    (alarm,) = alarms()
    latest = owner.execute("SELECT id FROM delivery WHERE task = %s ORDER BY seq DESC", [MAIL_TASK]).fetchone()
    assert (alarm["count"], alarm["related"]["id"]) == (3, str(latest[0]))


def test_no_alarm_of_a_death_repeats_the_error_that_may_quote_an_address(kill_mail, alarms, owner):
    kill_mail()
    owner.execute(
        "UPDATE delivery_attempt SET error = 'KeyError: <' || %s || '>' WHERE outcome = 'dead'", [CANARY_EMAIL]
    )
    owner.execute(
        "UPDATE delivery SET state = 'pending', attempts_left = 1 WHERE task = 'tasks.ops.report_dead_letter'"
    )
    kill_mail()
    assert alarms()[0]["count"] == 3
    for secret in (CANARY_NAME, CANARY_EMAIL, "birdcage"):
        assert secret not in json.dumps(alarms())


def test_work_that_died_with_its_worker_is_told_too(client, canary, drain, alarms, owner):
    client.post("/api/v1/auth/resend-verification", json={"email": canary.email})
    owner.execute("UPDATE delivery SET state = 'running', started_at = now(), worker = 'gone', attempts_left = 0")
    owner.execute("UPDATE delivery SET lease_until = now() - interval '1 second', attempts = 3")
    with session_scope() as session:
        assert publish.rescue(session) == 1
    drain()
    (alarm,) = alarms()
    assert (alarm["metadata"]["attempts"], alarm["metadata"]["error"]) == (3, "The lease ran out")


def test_the_death_of_a_report_raises_none_and_the_report_can_be_replayed(
    client, admin, kill_mail, drain, alarms, owner, database
):
    runtime = database.url.split("//")[1].split(":")[0]
    owner.execute(f"REVOKE INSERT ON admin_notification FROM {runtime}")
    kill_mail()
    assert drain() == 0, "something still goes round"
    (report,) = owner.execute("SELECT id FROM delivery WHERE task = 'tasks.ops.report_dead_letter'").fetchone()
    letters = client.get("/api/v1/admin/dead-letters", headers=token_for(admin)).json["items"]
    assert [letter["task"] for letter in letters] == ["tasks.ops.report_dead_letter", MAIL_TASK]
    assert [len(letter["attempts"]) for letter in letters] == [5, 1]
    assert count(owner, "event WHERE type = 'DeliveryDied'") == 1
    assert alarms() == []

    owner.execute(f"GRANT INSERT ON admin_notification TO {runtime}")
    client.post(f"/api/v1/admin/dead-letters/{report}/replay", headers=token_for(admin))
    assert drain() == 1
    assert [alarm["count"] for alarm in alarms()] == [1]


def test_sentry_is_told_what_the_back_office_is_told_and_nothing_personal(kill_mail, sentry, alarms):
    kill_mail()
    ((head, (event,)),) = envelopes(sentry)
    assert head.startswith("POST /api/42/envelope/")
    (alarm,) = alarms()
    assert (event["message"], event["level"]) == (alarm["title"], "error")
    assert event["fingerprint"] == [f"dead letter: {MAIL_TASK}"]
    tags = {name: str(value) for name, value in alarm["metadata"].items()}
    assert event["tags"] == tags | {"correlation_id": "some-request"}
    assert event["environment"] == "test"
    assert not {"user", "request", "extra", "modules", "exception", "breadcrumbs", "contexts"} & set(event)
    for secret in (CANARY_NAME, CANARY_EMAIL, "birdcage"):
        assert secret not in json.dumps(event)


def test_a_sentry_that_is_away_keeps_no_alarm_from_being_raised(kill_mail, setting, alarms):
    setting("SENTRY_DSN", "http://publickey@127.0.0.1:1/42")
    kill_mail()
    assert [alarm["count"] for alarm in alarms()] == [1]


def test_without_its_address_sentry_is_told_nothing(kill_mail, sentry, setting, alarms):
    kill_mail()
    setting("SENTRY_DSN", "")
    kill_mail()
    assert [alarm["count"] for alarm in alarms()] == [2]
    assert len(sentry.asked) == 1
