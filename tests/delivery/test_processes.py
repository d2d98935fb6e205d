"""With a real broker, a real relay and a real worker: whatever is killed or forgotten, each effect comes once."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from app.infra.db import session_scope
from app.infra.outbox import record
from app.kernel.ids import new_id
from app.ops import gauges
from tests.conftest import use
from tests.delivery.processes import frozen, kill, on_valkey
from tests.patience import eventually

SLOW_COMMITS = """
    CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON delivery DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.state = 'published') EXECUTE FUNCTION slow_commit();
"""
FOR_EVER = 3_600
TUNING = {"LOG_LEVEL": "INFO"}


@pytest.fixture(scope="module")
def running(services, shared_database, tmp_path_factory):
    use(shared_database, services.broker_url)
    with on_valkey(tmp_path_factory.mktemp("system"), dict(os.environ) | TUNING) as system:
        yield system


@pytest.fixture
def system(running, carrier, events):
    """Return the system with a relay and a worker that are awake."""
    for process in (running.relay, running.worker):
        if not process.running:
            process.start()
    carrier.record(events.Noted)
    eventually(lambda: carrier.effects() == ["noted"])
    carrier.owner.execute("DELETE FROM effect")
    yield running
    eventually(lambda: unfinished(carrier) == 0)


def unfinished(carrier):
    return carrier.rows("SELECT count(*) AS n FROM delivery WHERE state NOT IN ('done', 'dead', 'discarded')")[0]["n"]


def record_many(carrier, event, count):
    with session_scope() as session:
        record(session, *(event(thing_id=new_id()) for _ in range(count)))


def each_once(carrier, count):
    rows = carrier.rows("SELECT count(*) AS all, count(DISTINCT thing_id) AS things FROM effect")[0]
    return (rows["all"], rows["things"]) == (count, count)


@contextmanager
def relay_that_sleeps(system, **limits):
    """Have another relay carry, whose sleeps last as long as the test likes."""
    kill(system.relay)
    relay = system.another_relay(**limits)
    relay.start()
    try:
        yield
    finally:
        relay.stop()


def test_a_relay_that_would_sleep_for_ever_is_woken_by_each_commit(system, carrier, events):
    asleep = "SELECT sleeping FROM relay_sleep"
    with relay_that_sleeps(system, IDLE_SECONDS=FOR_EVER, RECENT_IDLE_SECONDS=FOR_EVER):
        for count in range(1, 6):
            eventually(lambda: carrier.rows(asleep) == [{"sleeping": True}])
            record_many(carrier, events.Noted, 1)
            eventually(lambda count=count: each_once(carrier, count))


def test_what_waits_for_its_turn_goes_on_soon_after_the_one_before(system, carrier, events):
    """Nobody tells the relay that there is a turn: it looks, often, as long as it has carried something of late."""
    thing = new_id()
    with relay_that_sleeps(system, IDLE_SECONDS=FOR_EVER, RECENT_SECONDS=FOR_EVER):
        with session_scope() as session:
            record(session, *(events.Moved(thing_id=thing) for _ in range(40)))
        eventually(lambda: len(carrier.effects()) == 40)


@pytest.fixture
def slow_commits(carrier):
    """Make the commit that marks a delivery as published take half a second."""
    carrier.owner.execute(SLOW_COMMITS)
    yield
    carrier.owner.execute("DROP FUNCTION slow_commit CASCADE")


def test_a_message_is_sent_after_the_commit_that_marks_it(system, slow_commits, carrier, events):
    delivery = carrier.record(events.Noted)
    eventually(lambda: carrier.state(delivery) == "done")  # sent before, it would find nothing to claim and be dropped
    assert carrier.row(delivery)["rescues"] == 0


def test_the_request_id_goes_with_the_work_into_the_log_of_the_worker(system, carrier, events, flask_app):
    thing = new_id()
    carrier.tell(thing, "wait")
    with flask_app.test_request_context(headers={"X-Request-Id": "checkout-4711"}):
        flask_app.preprocess_request()
        with session_scope() as session:
            record(session, events.Noted(thing_id=thing))
    eventually(lambda: '"correlation_id": "checkout-4711"' in system.log("worker"))
    carrier.owner.execute("DELETE FROM behaviour")
    carrier.backdate("available_at")
    eventually(lambda: carrier.effects() == ["noted"])


def test_a_broker_that_forgets_everything_costs_seconds_and_nothing_else(system, carrier, events):
    with frozen(system.worker):
        record_many(carrier, events.Noted, 40)
        eventually(lambda: system.waiting("maintenance") >= 30)  # some are in the worker's hands already
        system.flush_broker()
    sent_again_until(carrier, 40)
    assert carrier.rows("SELECT max(rescues) AS most FROM delivery")[0]["most"] >= 1


def test_a_broker_that_is_away_is_waited_for(system, carrier, events):
    pids = system.relay.pid, system.worker.pid
    kill(system.broker.process)
    record_many(carrier, events.Noted, 10)
    time.sleep(0.5)
    assert carrier.effects() == []
    system.broker.start()
    eventually(lambda: each_once(carrier, 10))
    assert (system.relay.running, system.worker.running) == (True, True)
    assert (system.relay.pid, system.worker.pid) == pids


def test_while_the_broker_is_away_the_lag_tells_for_how_long(system, carrier, events):
    kill(system.broker.process)
    record_many(carrier, events.Noted, 10)
    eventually(lambda: lag() > 4)  # a relay tries in vain again and again: that must not set it back
    seen = [lag() for _ in range(20) if time.sleep(0.1) is None]
    assert seen == sorted(seen)
    system.broker.start()
    eventually(lambda: each_once(carrier, 10))
    eventually(lambda: lag() == 0)


def lag():
    with session_scope() as session:
        return gauges.RELAY_LAG.read(session)[()]


def test_a_relay_whose_connections_are_cut_comes_back_by_itself(system, carrier, events, services):
    with psycopg.connect(services.cluster.superuser_url(carrier.owner.info.dbname), autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'amana_app' AND datname = current_database()"
        )
    eventually(lambda: _recorded(carrier, events))
    eventually(lambda: "noted" in carrier.effects())
    assert system.relay.running


def _recorded(carrier, events):
    """This process's own connections are cut as well, the last of them maybe just after its pool has looked at it."""
    with suppress(OperationalError):
        record_many(carrier, events.Noted, 1)
        return True
    return False


def sent_again_until(carrier, count):
    """Wait until each effect has come once. For the relay it is long ago that it sent what has not come."""
    eventually(lambda: each_once(carrier, count) or carrier.backdate("published_at"))


def test_a_relay_that_is_killed_again_and_again_loses_and_doubles_nothing(system, carrier, events):
    for _ in range(5):
        record_many(carrier, events.Noted, 30)
        time.sleep(0.1)
        kill(system.relay)
        record_many(carrier, events.Noted, 10)
        system.relay.start()
    sent_again_until(carrier, 200)


def test_without_a_relay_work_waits_where_it_can_be_seen(system, carrier, events):
    kill(system.relay)
    record_many(carrier, events.Noted, 5)
    time.sleep(0.3)
    assert [row["state"] for row in carrier.rows("SELECT state FROM delivery ORDER BY seq DESC LIMIT 5")] == [
        "pending"
    ] * 5
    assert carrier.effects() == []
    system.relay.start()
    eventually(lambda: each_once(carrier, 5))


def test_two_relays_send_each_delivery_once(system, carrier, events):
    second = system.another_relay()
    second.start()
    try:
        for _ in range(10):
            record_many(carrier, events.Noted, 20)
        eventually(lambda: each_once(carrier, 200))
    finally:
        second.stop()
    assert carrier.rows("SELECT max(attempts) AS most FROM delivery") == [{"most": 1}]


def test_a_relay_that_is_asked_to_stop_ends_well(system):
    os.kill(system.relay.pid, signal.SIGTERM)
    eventually(lambda: not system.relay.running)
    assert system.relay.exit_code == 0


def test_a_worker_that_is_killed_with_work_in_its_hands_loses_and_doubles_nothing(system, carrier, events):
    hanging = [carrier.record(events.Called, how="hang") for _ in range(2)]
    record_many(carrier, events.Noted, 20)
    eventually(lambda: [carrier.state(delivery) for delivery in hanging] == ["running"] * 2)
    kill(system.worker)
    carrier.backdate("lease_until")
    system.worker.start()
    sent_again_until(carrier, 22)
    for delivery in hanging:
        assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["lost", "done"]


def test_work_that_kills_its_worker_is_dead_after_its_tries(system, carrier, events):
    deadly = [carrier.record(event, how="die") for event in (events.Noted, events.Called)]
    record_many(carrier, events.Noted, 5)
    eventually(lambda: [carrier.state(delivery) for delivery in deadly] == ["dead"] * 2)
    for delivery in deadly:
        assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["lost"] * 3
    assert len(carrier.deaths()) == 2
    eventually(lambda: carrier.effects() == ["noted"] * 5)


@pytest.fixture
def impatient(system):
    """Have a worker work that gives each task ten seconds: long enough for all but what hangs."""
    kill(system.worker)
    worker = system.impatient_worker(TASK_SECONDS="10")
    worker.start()
    yield
    worker.stop()
    system.worker.start()


def test_work_that_hangs_is_interrupted_and_tried_again(impatient, carrier, events):
    hanging = carrier.record(events.Called, how="sleep")
    eventually(lambda: carrier.state(hanging) == "done")
    first, *_, last = carrier.attempts(hanging)
    assert first["error"].startswith("SoftTimeLimitExceeded")
    assert last["outcome"] == "done"
