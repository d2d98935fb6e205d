"""A process without a door touches a file while it works: who looks at the file's age from outside knows how it is."""

from __future__ import annotations

import logging
import os
import sys
import time

import pytest

from app.infra import config, heartbeat
from embedded.ports import free_port
from embedded.process import Process, Program
from embedded.unprivileged import leave
from embedded.valkey import Valkey
from tests.architecture.sources import ROOT
from tests.conftest import use
from tests.delivery.processes import RELAY, WORKER, frozen, kill
from tests.patience import eventually

BEAT = ("-m", "celery", "--app", "tasks.worker", "beat")
#: Longer than any of them takes from one touch to the next.
SILENCE_SECONDS = 3.5


@pytest.fixture
def broker(tmp_path):
    valkey = Valkey(tmp_path / "valkey", tmp_path / "valkey.log", free_port(), "carried-by-nobody")
    valkey.start()
    yield valkey
    valkey.process.stop(grace=0)
    leave(tmp_path / "valkey")


@pytest.fixture
def start(database, services, broker, tmp_path):
    """Return a function that starts a process, and returns it with the file that it touches."""
    use(database, services.broker_url)
    started = []

    def run(argv):
        touched = tmp_path / "heartbeat"
        variables = dict(os.environ) | {"BROKER_URL": broker.url, "HEARTBEAT_FILE": str(touched)}
        process = Process(Program("one", (sys.executable, *argv), ROOT, tmp_path / "one.log", variables))
        process.start()
        started.append(process)
        eventually(touched.exists)
        return process, touched

    yield run
    for process in started:
        process.stop(grace=0)


def touched_again(file):
    before = file.stat().st_mtime_ns
    return lambda: file.stat().st_mtime_ns > before


def falls_silent(file):
    again = touched_again(file)
    time.sleep(SILENCE_SECONDS)
    return not again()


@pytest.mark.parametrize("argv", [RELAY, WORKER, BEAT], ids=["relay", "worker", "beat"])
def test_it_is_touched_again_and_again_and_not_while_the_process_stands_still(start, argv):
    process, file = start(argv)
    eventually(touched_again(file))
    with frozen(process):
        assert falls_silent(file)
    eventually(touched_again(file))


def test_a_worker_that_has_lost_its_broker_falls_silent_and_comes_back_with_it(start, broker):
    """When it notices, its log does not say: what it was just sending Celery sends again, without a line, for ever."""
    _, file = start(WORKER)
    kill(broker.process)
    eventually(lambda: falls_silent(file))
    again = touched_again(file)
    broker.start()
    eventually(again)


@pytest.fixture
def heartbeat_file(monkeypatch, services):
    """Return a function that names the file in the settings of this process."""

    def name(path):
        monkeypatch.setenv("HEARTBEAT_FILE", str(path))
        config.settings.cache_clear()

    yield name
    monkeypatch.undo()
    config.settings.cache_clear()


def test_a_file_that_cannot_be_touched_is_told_by_the_name_of_its_setting_and_stops_nothing(
    heartbeat_file, tmp_path, caplog
):
    heartbeat_file(tmp_path / "no such directory" / "heartbeat")
    with caplog.at_level(logging.WARNING):
        heartbeat.beat()
    assert caplog.messages == ["HEARTBEAT_FILE cannot be touched: FileNotFoundError"]
