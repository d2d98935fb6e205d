"""A process that dies is started again; only its clients notice."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.process import Process, Program
from embedded.supervisor import Supervisor
from tests.embedded.plain_project import PlainProject
from tests.embedded.processes import descendants, left_after
from tests.patience import PATIENCE_SECONDS, eventually


def test_a_killed_process_comes_back_and_the_world_file_says_so(project: PlainProject):
    running = project.up()
    before = running.world()
    child = next(iter(eventually(lambda: descendants(before["pids"]["worker"]), "the child of the worker")))
    os.kill(before["pids"]["worker"], signal.SIGKILL)
    after = running.world_with_another("worker", before["pids"]["worker"])
    assert after["pids"]["worker"] in descendants(running.pid)
    assert not left_after({child})  # it would still hold what the worker held
    assert {**after, "pids": None} == {**before, "pids": None}
    _, _, errors = running.finish(signal.SIGTERM)
    assert re.search(r"worker +ended with -9 after \d+\.\d s, starts again in 0\.2 s", errors)


def test_killed_servers_come_back_on_the_same_ports_with_all_that_was_committed(
    whole_project: Callable[[str], PlainProject],
):
    running = whole_project("killed-servers").up()
    world = running.world()
    with psycopg.connect(world["database_owner_url"]) as owner:
        owner.execute("CREATE TABLE kept AS SELECT generate_series(1, 100) AS n")
    for name in ("postgres", "broker"):
        os.kill(world["pids"][name], signal.SIGKILL)
    for name in ("postgres", "broker"):
        running.world_with_another(name, world["pids"][name])
    eventually(lambda: lets_in(world["database_owner_url"]), "PostgreSQL")
    with psycopg.connect(world["database_owner_url"]) as owner:
        assert owner.execute("SELECT count(*) FROM kept").fetchone() == (100,)
    eventually(lambda: answers(world["broker_url"]), "the broker")
    assert running.finish(signal.SIGTERM)[0] == 0


def lets_in(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def answers(url: str) -> bool:
    with redis.Redis.from_url(url, socket_timeout=PATIENCE_SECONDS) as client, suppress(redis.ConnectionError):
        return client.ping()
    return False


class Notebook:
    """A witness and a reporter."""

    def __init__(self) -> None:
        self.groups: set[int] = set()
        self.reports: list[str] = []

    def started(self, pid: int) -> None:
        self.groups.add(pid)

    def ended(self, pid: int) -> None:
        self.groups.discard(pid)

    def report(self, name: str, what: str) -> None:
        self.reports.append(f"{name} {what}")


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def supervisor(notebook: Notebook) -> Supervisor:
    return Supervisor(notebook, notebook.report, grace_seconds=PATIENCE_SECONDS)


def program(directory: Path, name: str, script: str) -> Process:
    return Process(Program(name, ("/bin/sh", "-c", script), directory, directory / f"{name}.log", os.environ))


@pytest.fixture
def never_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count every death as one of many, however long a slow machine has let one live."""
    monkeypatch.setattr("embedded.supervisor.SETTLED_SECONDS", 3600)


def test_the_pause_doubles_from_death_to_death(
    tmp_path: Path, supervisor: Supervisor, notebook: Notebook, never_settled: None
):
    process = supervisor.keep(program(tmp_path, "mayfly", "exit 3"))
    process.start()
    starts = [process.started_at]
    while len(notebook.reports) < 3:
        if supervisor.tend():
            starts.append(process.started_at)
        time.sleep(0.01)
    assert [re.search(r"again in (\S+) s", report)[1] for report in notebook.reports] == ["0.2", "0.4", "0.8"]
    first, second = (later - earlier for earlier, later in pairwise(starts))
    assert (first >= 0.2, second >= 0.4) == (True, True), "none starts before its pause is over"
    assert not notebook.groups


def test_one_that_dies_is_started_again_while_others_wait_for_their_turn(
    tmp_path: Path, supervisor: Supervisor, notebook: Notebook
):
    scripts = {"steady": "sleep 1000", "mayfly": "exit 3", "other": "exit 4"}
    processes = {name: supervisor.keep(program(tmp_path, name, script)) for name, script in scripts.items()}
    for process in processes.values():
        process.start()
    before = supervisor.pids
    eventually(lambda: not processes["mayfly"].running and not processes["other"].running, "the death of both")
    supervisor.tend()
    assert [report.split(" after")[0] for report in notebook.reports] == ["mayfly ended with 3", "other ended with 4"]
    time.sleep(0.3)  # longer than both pauses
    assert supervisor.tend()
    restarted = {name for name, pid in supervisor.pids.items() if pid != before[name]}
    assert restarted == {"mayfly", "other"}
    supervisor.stop([["mayfly"], ["steady"]], hurry=lambda: False)
    assert not notebook.groups


def test_groups_are_stopped_in_their_order_and_what_nobody_named_before_all(tmp_path: Path, supervisor: Supervisor):
    note = "trap 'echo {0} >> order; exit' TERM; touch {0}; while :; do sleep 0.01; done"
    names = ("last", "first", "unnamed")
    for name in names:
        supervisor.keep(program(tmp_path, name, note.format(name))).start()
    eventually(lambda: all((tmp_path / name).exists() for name in names), "three who heed what they are asked")
    supervisor.stop([["first", "absent"], ["last"]], hurry=lambda: False)
    assert (tmp_path / "order").read_text().split() == ["unnamed", "first", "last"]
