"""Health: alive is who answers, ready is who can work, healthy is a system in which all parts do."""

from __future__ import annotations

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest

from app.infra import db, metrics
from app.infra.config import settings
from app.infra.db import session_scope
from app.infra.metrics.pending import pending
from app.infra.outbox import record
from app.infra.outbox.events import DeliveryDied
from app.infra.outbox.reactions import QUEUES
from app.kernel.ids import new_id
from app.ops import health
from tests.conftest import forget_connections
from tests.ops.conftest import INBOXES, LIMITS, LOOK, LOOK_AT_BROKER, impatience
from tests.patience import PATIENCE_SECONDS

NAMES = ["database", "broker", "workers", "relay", "beat", "webhooks", "dead_letters", "konnect", "google"]


@pytest.fixture(autouse=True)
def looked_at_anew(client):
    """Forget what other tests have seen and counted in this process."""
    pending.take()
    forget_reports()
    yield
    forget_reports()


def forget_reports():
    health.everything.forget()
    health.readiness.forget()


@pytest.fixture
def well(client, drain):
    """Bring about a system in which all parts have just shown that they work."""
    from tasks.maintenance import send_canaries  # noqa: PLC0415 - it reads the settings, which `client` has set

    send_canaries()
    drain()
    metrics.BEAT_TICKS.add()
    metrics.flush()


def look(client, path="/health"):
    """Ask now, whatever was seen a moment ago; return the status code and the checks."""
    forget_reports()
    answer = client.get(path)
    return answer.status_code, answer.json["status"], answer.json["checks"]


def told(client, name):
    """Return how a check stands, and why."""
    check = look(client)[2][name]
    return check["status"], check["detail"]


def seconds_in(detail, pattern):
    """Return the age that a detail tells; a slow machine may have added to it."""
    found = re.fullmatch(pattern, detail)
    assert found, detail
    return int(found[1])


@contextmanager
def silent_peer():
    """Accept connections and say nothing; yield the port and the connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted = []

        def accept():
            try:
                while True:
                    accepted.append(server.accept()[0])
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], accepted
        server.shutdown(socket.SHUT_RDWR)
        for connection in accepted:
            connection.close()


def moved(url, port):
    """Return the same address at another port."""
    return url.replace(f":{urlsplit(url).port}/", f":{port}/")


# --- this process ----------------------------------------------------------------------------------------------------


def test_a_process_with_its_database_is_ready(client):
    code, status, checks = look(client, "/health/ready")
    assert (code, status, list(checks)) == (HTTPStatus.OK, "healthy", ["database"])
    check = checks["database"]
    assert (check["status"], check["detail"], check["advice"]) == ("healthy", "connected and migrated", None)
    assert check["duration_ms"] >= 0


def test_a_process_without_its_database_lives_but_is_not_ready(client, setting, database):
    setting("DATABASE_URL", database.url.replace(database.name, "nowhere"))
    forget_connections()
    for path in ("/health", "/health/ready"):
        code, status, checks = look(client, path)
        assert (code, status) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
        assert checks["database"]["status"] == "unhealthy"
        assert "PostgreSQL" in checks["database"]["advice"]
    assert client.get("/health/live").json == {"status": "healthy", "checks": {}}


@pytest.fixture
def migrated_to(owner):
    """Return a function that has the database say how far it was migrated."""
    say = "UPDATE alembic_version SET version_num = %s"
    yield lambda revision: owner.execute(say, [revision])
    owner.execute(say, [db.SCHEMA])


def test_a_database_that_is_behind_the_code_is_no_readiness(client, migrated_to):
    migrated_to("0012")
    code, _, checks = look(client, "/health/ready")
    assert code == HTTPStatus.SERVICE_UNAVAILABLE
    assert checks["database"]["detail"] == f"migrated to 0012, and {db.SCHEMA} is needed"
    assert "flask --app wsgi db upgrade" in checks["database"]["advice"]


def test_code_that_is_behind_the_database_goes_on_while_the_next_is_rolled_out(client, migrated_to):
    migrated_to("9999")
    assert look(client, "/health/ready")[0] == HTTPStatus.OK


def test_a_database_that_was_never_migrated_is_no_readiness(client, owner):
    rename = "ALTER FUNCTION {} RENAME TO {}"
    owner.execute(rename.format("schema_revision", "revision_of_yesterday"))
    try:
        assert look(client, "/health/ready")[0] == HTTPStatus.SERVICE_UNAVAILABLE
    finally:
        owner.execute(rename.format("revision_of_yesterday", "schema_revision"))


def test_a_pool_that_is_used_up_is_no_absence_of_the_database(client):
    connections = [db.engine().connect() for _ in range(15)]
    try:
        assert look(client, "/health/ready")[0] == HTTPStatus.OK
    finally:
        for connection in connections:
            connection.close()


# --- whatever hangs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_a_database_that_accepts_and_says_nothing_is_unhealthy_soon(client, setting, database, path, impatient):
    with silent_peer() as (port, _):
        setting("DATABASE_URL", moved(database.url, port))
        code, status, checks = look(client, path)
    assert (code, status) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
    assert checks["database"]["detail"] == "no answer within 1.5 s"


def test_a_database_that_hangs_in_the_middle_is_unhealthy_soon(client, owner):
    with owner.transaction(), impatience():
        owner.execute("LOCK alembic_version")
        code, status, _ = look(client, "/health/ready")
    assert (code, status) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
    assert look(client, "/health/ready")[0] == HTTPStatus.OK


def test_a_broker_that_accepts_and_says_nothing_is_unhealthy_soon(client, setting, well):
    assert LIMITS[LOOK_AT_BROKER] < LIMITS[LOOK]  # or only the whole look would end, and not say of what
    with silent_peer() as (port, _), impatience(LOOK_AT_BROKER):
        setting("BROKER_URL", moved(settings().broker_url, port))
        code, status, checks = look(client)
    assert (code, status) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
    assert checks["broker"]["detail"] == "cannot be told: TimeoutError"
    assert [name for name in NAMES if checks[name]["status"] != "healthy"] == ["broker"]


def test_a_broker_that_is_not_there_is_unhealthy_and_keeps_no_process_from_being_ready(client, setting, well):
    setting("BROKER_URL", moved(settings().broker_url, 1))
    code, _, checks = look(client)
    assert (code, checks["broker"]["status"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
    assert "Nothing is lost" in checks["broker"]["advice"]
    assert look(client, "/health/ready")[0] == HTTPStatus.OK


def test_who_asks_all_the_time_does_not_make_us_look_all_the_time(
    flask_app, client, setting, database, impatient, monkeypatch
):
    monkeypatch.setattr("app.ops.health.sharing.GOOD_FOR_SECONDS", PATIENCE_SECONDS)
    with silent_peer() as (port, accepted):
        setting("DATABASE_URL", moved(database.url, port))
        forget_reports()
        with ThreadPoolExecutor(20) as threads:
            codes = list(threads.map(lambda _: flask_app.test_client().get("/health/ready").status_code, range(60)))
        assert set(codes) == {HTTPStatus.SERVICE_UNAVAILABLE}
        assert len(accepted) == 1


# --- the whole system ------------------------------------------------------------------------------------------------


def test_a_system_in_which_everything_works_is_healthy(client, well):
    code, status, checks = look(client)
    assert (code, status, list(checks)) == (HTTPStatus.OK, "healthy", NAMES), checks
    for check in checks.values():
        assert (check["status"], check["advice"]) == ("healthy", None)
        assert check["detail"]


def test_details_name_neither_hosts_nor_secrets(client, owner, well):
    owner.execute("UPDATE delivery SET finished_at = finished_at - interval '1 day'")
    text = client.get("/health").text
    for url in (settings().database_url, settings().broker_url, settings().konnect_base_url):
        parts = urlsplit(url)
        for secret in (parts.hostname, f":{parts.port}/", parts.password, parts.username):
            assert not secret or secret not in text
    assert settings().konnect_api_key not in text


def test_a_queue_through_which_nothing_comes_is_named(client, owner, well):
    owner.execute("UPDATE delivery SET finished_at = now() - interval '5 h' WHERE queue = 'payments'")
    owner.execute("UPDATE delivery SET state = 'published' WHERE queue = 'booking'")
    code, status, checks = look(client)
    assert (code, status) == (HTTPStatus.SERVICE_UNAVAILABLE, "unhealthy")
    detail = checks["workers"]["detail"]
    assert seconds_in(detail, r"nothing comes through booking \(never\), payments \((\d+) s ago\)") >= 5 * 3_600
    assert "restart" in checks["workers"]["advice"]


def test_before_the_first_canary_nobody_knows_that_workers_work(client):
    status, detail = told(client, "workers")
    assert status == "unhealthy"
    assert all(f"{queue} (never)" in detail for queue in QUEUES)


@pytest.mark.parametrize(("seconds", "expected"), [(0, "healthy"), (30, "degraded"), (120, "unhealthy")])
def test_work_that_no_relay_carries_is_the_worse_the_longer_it_waits(client, owner, seconds, expected):
    with session_scope() as session:
        record(session, DeliveryDied(delivery_id=new_id()))
    owner.execute("UPDATE delivery SET available_at = now() - make_interval(secs => %s)", [seconds])
    status, detail = told(client, "relay")
    assert status == expected
    assert seconds_in(detail, r"the oldest work that could be carried has waited (\d+) s") >= seconds


def test_beat_is_missed_when_its_rounds_do_not_come(client, owner, well):
    assert told(client, "beat")[0] == "healthy"
    owner.execute("UPDATE metric SET changed_at = now() - interval '1 h' WHERE name = 'amana_beat_ticks_total'")
    status, detail = told(client, "beat")
    assert status == "unhealthy"
    assert seconds_in(detail, r"Beat had its last round (\d+) s ago") >= 3_600
    owner.execute("DELETE FROM metric")
    assert told(client, "beat") == ("unhealthy", "Beat has never had a round")


@pytest.mark.parametrize("kind", INBOXES)
@pytest.mark.parametrize(("seconds", "expected"), [(20, "healthy"), (120, "degraded"), (900, "unhealthy")])
def test_webhooks_that_nobody_looks_at_are_the_worse_the_older_they_are(
    client, owner, let_a_ping_wait, kind, seconds, expected
):
    let_a_ping_wait(kind, seconds)
    status, detail = told(client, "webhooks")
    assert status == expected
    assert seconds_in(detail, r"1 wait, the oldest for (\d+) s") >= seconds
    owner.execute(f"UPDATE {INBOXES[kind][0]} SET taken_at = now()")
    assert told(client, "webhooks") == ("healthy", "none waits")


def test_webhooks_of_both_kinds_wait_together(client, let_a_ping_wait):
    for kind, seconds in (("payment", 20), ("payout", 120), ("payment", 90)):
        let_a_ping_wait(kind, seconds)
    status, detail = told(client, "webhooks")
    assert status == "degraded"
    assert seconds_in(detail, r"3 wait, the oldest for (\d+) s") >= 120


def test_work_that_was_given_up_degrades_and_does_not_stop_the_system(client, owner, well, kill_mail):
    kill_mail()
    code, status, checks = look(client)
    assert (code, status) == (HTTPStatus.OK, "degraded")
    assert checks["dead_letters"]["detail"] == "tasks.identity.send_verification (1)"
    owner.execute("UPDATE delivery SET state = 'discarded' WHERE state = 'dead'")
    assert look(client)[1] == "healthy"


def test_a_gateway_is_judged_by_its_last_calls_as_all_processes_have_seen_them(client, well):
    assert told(client, "konnect") == ("healthy", "configured, and not called yet")
    for _ in range(2):
        metrics.FAILURES_IN_A_ROW.grow("konnect")
        metrics.flush()
    assert told(client, "konnect") == ("healthy", "configured; of good answers there was never one")
    metrics.FAILURES_IN_A_ROW.grow("konnect")
    metrics.flush()
    status, detail = told(client, "konnect")
    assert (status, detail.partition(",")[0]) == ("degraded", "configured")
    assert "the last 3 calls had no good answer" in detail
    assert told(client, "google")[0] == "healthy"
    metrics.FAILURES_IN_A_ROW.end("konnect")
    metrics.flush()
    status, detail = told(client, "konnect")
    assert status == "healthy"
    assert re.fullmatch(r"configured; of good answers the last one came \d+ s ago", detail)


def test_a_gateway_that_cannot_be_reached_is_noticed_by_its_calls(client, well, kill_payment):
    kill_payment()
    metrics.flush()
    status, detail = told(client, "konnect")
    assert status == "degraded"
    assert "the last 10 calls had no good answer" in detail


# --- from the command line -------------------------------------------------------------------------------------------


def test_the_command_line_tells_the_same_and_ends_accordingly(client, flask_app, well, setting):
    runner = flask_app.test_cli_runner()
    ready = runner.invoke(args=["health"])
    assert (ready.exit_code, ready.output.partition(":")[0]) == (0, "database")
    everything = runner.invoke(args=["health", "--all"])
    assert everything.exit_code == 0
    assert [line.partition(":")[0] for line in everything.output.splitlines()] == NAMES
    setting("BROKER_URL", moved(settings().broker_url, 1))
    broken = runner.invoke(args=["health", "--all"])
    assert broken.exit_code == 1
    assert "Nothing is lost" in broken.output
