"""RabbitMQ carries as well as Valkey does: the relay and the worker need nothing of either that the other has not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from app.infra.config import settings
from app.infra.db import session_scope
from app.infra.outbox import record
from app.kernel.ids import new_id
from app.ops import health
from tests.architecture.sources import ROOT
from tests.conftest import use
from tests.delivery.processes import frozen, kill, running_system
from tests.delivery.rabbitmq import RabbitMQ, find_rabbitmq
from tests.patience import PATIENCE_SECONDS, eventually

TUNING = {"LOG_LEVEL": "INFO"}

pytestmark = pytest.mark.skipif(
    find_rabbitmq() is None, reason="RabbitMQ is not installed here: apt-get install rabbitmq-server to have it tested"
)


@pytest.fixture(scope="module")
def rabbitmq(tmp_path_factory):
    node = RabbitMQ(find_rabbitmq(), tmp_path_factory.mktemp("rabbitmq") / "node")
    yield node
    node.stop()


@pytest.fixture(scope="module")
def running(services, shared_database, rabbitmq, tmp_path_factory):
    use(shared_database, services.broker_url)
    with running_system(rabbitmq, tmp_path_factory.mktemp("system"), dict(os.environ) | TUNING) as system:
        yield system


@pytest.fixture
def system(running, carrier, events):
    carrier.record(events.Noted)
    eventually(lambda: carrier.effects() == ["noted"])
    carrier.owner.execute("DELETE FROM effect")
    return running


def record_many(carrier, event, count):
    with session_scope() as session:
        record(session, *(event(thing_id=new_id()) for _ in range(count)))


def each_once(carrier, count):
    rows = carrier.rows("SELECT count(*) AS all, count(DISTINCT thing_id) AS things FROM effect")[0]
    return (rows["all"], rows["things"]) == (count, count)


def test_each_effect_comes_once(system, carrier, events):
    for event in (events.Noted, events.Called):
        record_many(carrier, event, 60)
    eventually(lambda: each_once(carrier, 120))


def test_work_that_fails_is_retried(system, carrier, events):
    thing = new_id()
    failing = carrier.record(events.Called, thing, how="wait")
    eventually(lambda: carrier.state(failing) == "retry")
    carrier.tell(thing, "fine")
    carrier.backdate("available_at")
    eventually(lambda: carrier.state(failing) == "done")


def test_messages_that_are_lost_are_sent_again(system, carrier, events, rabbitmq):
    with frozen(system.worker):
        record_many(carrier, events.Noted, 40)
        eventually(lambda: rabbitmq.waiting("maintenance") >= 20)  # the others are in the worker's hands already
        rabbitmq.forget("maintenance")
    eventually(lambda: each_once(carrier, 40) or carrier.backdate("published_at"))
    assert carrier.rows("SELECT max(rescues) AS most FROM delivery")[0]["most"] >= 1


def test_a_node_that_is_killed_and_comes_back_is_waited_for(system, carrier, events, rabbitmq):
    pids = system.relay.pid, system.worker.pid
    kill(rabbitmq.process)
    record_many(carrier, events.Noted, 10)
    rabbitmq.start()
    eventually(lambda: each_once(carrier, 10))
    assert (system.relay.pid, system.worker.pid) == pids
    assert (system.relay.running, system.worker.running) == (True, True)


def test_a_worker_answers_those_who_ask_for_its_health(system, rabbitmq):
    patiently = ["--timeout", str(PATIENCE_SECONDS), "--destination", f"celery@{socket.gethostname()}"]
    command = [sys.executable, "-m", "celery", "--app", "tasks.worker", "inspect", "ping", *patiently]
    environment = dict(os.environ) | {"BROKER_URL": rabbitmq.url}
    asked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert "pong" in asked.stdout


def test_health_tells_whether_it_is_there_within_a_moment(system, rabbitmq, monkeypatch):
    def told():
        check = health.look(("broker",)).checks["broker"]
        return check.status, check.detail

    monkeypatch.setenv("BROKER_URL", rabbitmq.url)
    monkeypatch.setattr("app.ops.health.looking.SECONDS", PATIENCE_SECONDS)
    settings.cache_clear()
    try:
        assert told() == ("healthy", "connected")
        with frozen(rabbitmq.process):
            assert told() == ("unhealthy", "cannot be told: TimeoutError")
        assert told() == ("healthy", "connected")
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_relay_that_waits_for_its_broker_can_be_stopped(system, carrier, events, rabbitmq):
    kill(rabbitmq.process)
    record_many(carrier, events.Noted, 1)
    eventually(lambda: "the relay waits" in system.log("relay"))
    os.kill(system.relay.pid, signal.SIGTERM)
    eventually(lambda: not system.relay.running)
    assert system.relay.exit_code == 0
    rabbitmq.start()
    system.relay.start()
    eventually(lambda: each_once(carrier, 1))
