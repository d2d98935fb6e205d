"""Health with a real relay, worker, Beat and broker: whatever ends is noticed, and told once."""

from __future__ import annotations

import os
import sys

import pytest

from embedded.process import Process, Program
from tests.architecture.sources import ROOT
from tests.delivery.processes import kill, on_valkey
from tests.ops.test_health import forget_reports
from tests.patience import eventually

BEAT = ("-m", "celery", "--app", "tasks.worker", "beat")
#: For canaries that come late on a busy machine there is time: workers that seemed to come and go would be told of.
TUNING = {"CANARY_SECONDS": "1", "PUBLISHED_PATIENCE_SECONDS": "20", "LOG_LEVEL": "INFO"}
LONG_AGO = "UPDATE delivery SET {0} = {0} - interval '1 day'"


@pytest.fixture
def system(database, tmp_path, setting):
    for variable, value in TUNING.items():
        setting(variable, value)
    with on_valkey(tmp_path, dict(os.environ)) as running:
        setting("BROKER_URL", running.broker.url)
        variables = {"PATH": os.environ["PATH"], **os.environ, "BROKER_URL": running.broker.url}
        beats = [
            Process(Program(name, (sys.executable, *BEAT), ROOT, tmp_path / f"{name}.log", variables))
            for name in ("beat", "another_beat")
        ]
        try:
            for beat in beats:
                beat.start()
            yield running
        finally:
            for beat in beats:
                beat.stop(grace=0)


def status(client, name):
    forget_reports()
    return client.get("/health").json["checks"][name]["status"]


def test_workers_that_end_are_noticed_and_told_once_by_whoever_is_left(system, client, owner):
    eventually(lambda: status(client, "workers") == "healthy")
    eventually(lambda: status(client, "beat") == "healthy")
    well = "SELECT FROM health_check WHERE name = 'workers' AND verdict = 'healthy'"
    eventually(lambda: owner.execute(well).fetchone() is not None)
    kill(system.worker)
    owner.execute(LONG_AGO.format("finished_at"))
    eventually(lambda: status(client, "workers") == "unhealthy")
    eventually(lambda: told(owner) == [("workers: unhealthy", 1)])
    system.worker.start()
    owner.execute(LONG_AGO.format("published_at"))  # what the broker gave to the one that was killed is sent again
    eventually(lambda: status(client, "workers") == "healthy")
    eventually(lambda: told(owner) == [("workers: unhealthy", 1), ("workers: well again", 1)])
    assert owner.execute("SELECT count(*) FROM delivery").fetchone()[0] < 40
    assert owner.execute("SELECT count(*) FROM delivery WHERE state = 'dead'").fetchone() == (0,)


def told(owner):
    """Return what the back office was told of workers: the end of them keeps other things from being done, too."""
    return sorted(owner.execute("SELECT title, count FROM admin_notification WHERE title LIKE 'workers%'").fetchall())
