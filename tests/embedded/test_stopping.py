"""However a world ends, nothing of it is left running."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from embedded.guard import Guard
from tests.embedded.plain_project import PlainProject, Running
from tests.embedded.processes import descendants, left_after
from tests.patience import eventually

#: Seconds: a world that ends before they are over has not waited for them.
FOR_EVER = "3600"
STUBBORN = "sh -c 'trap \"\" TERM INT; echo here; while :; do sleep 1; done'"


@pytest.fixture
def terminal() -> Iterator[None]:
    """A terminal that can be closed: below `nohup make test` nobody would hear of it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def all_of(running: Running, count: int) -> set[int]:
    """Return all that a world has started, as soon as it is so many."""
    eventually(lambda: len(descendants(running.pid)) >= count, f"{count} processes")
    return descendants(running.pid)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_every_process_and_its_children(project: PlainProject, number: signal.Signals):
    running = project.up()
    everything = all_of(running, 5)  # guard, api, sandbox, worker, and the worker's child
    assert running.finish(number)[0] == 0
    assert not left_after(everything)


def test_a_killed_supervisor_leaves_nothing_and_the_next_world_starts_at_once(
    whole_project: Callable[[str], PlainProject],
):
    project = whole_project("killed")
    running = project.up()
    everything = all_of(running, 10)  # PostgreSQL has children of its own
    running.process.kill()
    next_one = project.start("up")
    running.finish()
    (running.run_directory / "world.json").unlink()
    assert not left_after(everything)
    assert next_one.world()["pids"].keys() == {"sandbox", "broker", "postgres", "api", "worker"}
    assert next_one.finish(signal.SIGTERM)[0] == 0


def test_the_guard_kills_what_does_not_stop_when_it_is_asked(tmp_path):
    stubborn = subprocess.Popen(shlex.split(STUBBORN), start_new_session=True, stdout=subprocess.PIPE)
    assert stubborn.stdout
    stubborn.stdout.readline()
    with (tmp_path / "lock").open("w") as lock:
        guard = Guard(lock.fileno(), grace_seconds=0.3)
    guard.started(stubborn.pid)
    guard.dismiss()
    stubborn.communicate()
    assert stubborn.returncode == -signal.SIGKILL


def test_the_guard_forgets_what_has_ended(tmp_path):
    bystander = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with (tmp_path / "lock").open("w") as lock:
        guard = Guard(lock.fileno())
    guard.started(bystander.pid)
    guard.ended(bystander.pid)
    guard.dismiss()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def stubborn_world(project: PlainProject, grace: str) -> Running:
    """Start a world whose worker does not hear that it should end, and wait until it does not."""
    project.replace("worker", STUBBORN)
    running = project.up("--grace", grace)
    eventually(lambda: "here" in (running.run_directory / "logs/worker.log").read_text(), "a worker that does not hear")
    return running


def test_what_does_not_end_in_time_is_killed_and_named(project: PlainProject):
    code, _, errors = stubborn_world(project, grace="0.3").finish(signal.SIGINT)
    assert code == 0
    assert re.search(r"worker +did not end within 0\.3 s, is killed", errors)


def test_a_second_ctrl_c_grants_no_more_grace(project: PlainProject):
    running = stubborn_world(project, FOR_EVER)
    everything = descendants(running.pid)
    running.process.send_signal(signal.SIGINT)
    assert running.process.stderr
    assert any("once more Ctrl-C: at once" in line for line in running.process.stderr)
    assert left_after({running.pid}, 0.5)
    code, _, errors = running.finish(signal.SIGINT)
    assert code == 0
    assert "did not end" not in errors
    assert not left_after(everything)


@pytest.mark.parametrize("name", ["worker", "migrate"])
def test_a_process_that_fails_at_the_start_is_shown_with_the_end_of_its_log(project: PlainProject, name: str):
    project.replace(name, "sh -c 'echo the queue is on fire; exit 3'")
    code, output, errors = project.start("up").finish()
    assert code == 1
    assert not output
    assert f"{name} ended with 3" in errors
    assert errors.rstrip().endswith("the queue is on fire")
    assert "Traceback" not in errors


def test_a_failure_at_the_start_leaves_nothing_running(project: PlainProject):
    project.replace("api", "sleep 1000")
    project.replace("worker", "sh -c 'touch here; while [ ! -e fire ]; do sleep 0.05; done; exit 3'")  # starts last
    running = project.start("up")
    eventually((project.directory / "here").exists, "the worker")
    everything = all_of(running, 4)  # guard, sandbox, api, worker
    (project.directory / "fire").touch()
    assert running.finish()[0] == 1
    assert not left_after(everything)


def test_an_interrupted_start_leaves_nothing_running(project: PlainProject):
    project.replace("migrate", "sleep 1000")
    running = project.start("up")
    while not (everything := descendants(running.pid)) or not (running.run_directory / "logs/migrate.log").exists():
        assert running.process.poll() is None
        time.sleep(0.05)
    assert running.finish(signal.SIGINT)[0] == 130
    assert not left_after(everything)


def test_a_command_that_is_no_program_is_named(project: PlainProject):
    code, _, errors = project.start("up", "--run", "no-such-program").finish()
    assert code == 1
    assert "--run no-such-program cannot be started" in errors


# Asks the API once more when it is told to stop, as one does who wants to leave nothing half done.
LAST_WORD = """
import json, os, signal, sys, urllib.request
api = json.load(open(os.environ["AMANA_WORLD"]))["api"]
def last_word(number, frame):
    print("last answer", urllib.request.urlopen(api).status, flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, last_word)
print("here", flush=True)
signal.pause()
"""


def test_an_interrupted_command_ends_before_the_world_does(project: PlainProject):
    running = project.start("up", "--grace", FOR_EVER, "--run", sys.executable, "-c", LAST_WORD)
    assert running.process.stdout
    assert running.process.stdout.readline() == "here\n"
    everything = descendants(running.pid)
    code, output, _ = running.finish(signal.SIGTERM)
    assert (code, output) == (130, "last answer 200\n")
    assert not left_after(everything)


def test_an_unknown_process_to_leave_out_is_named(project: PlainProject):
    code, _, errors = project.start("up", "--without", "flowers").finish()
    assert code == 1
    assert "--without flowers" in errors
    assert "has only migrate, api, worker, sandbox" in errors


def test_a_directory_that_cannot_be_used_is_named(project: PlainProject):
    (project.directory / "file").touch()
    code, _, errors = project.start("up", "--directory", "file/run").finish()
    assert code == 1
    assert "cannot be used: Not a directory. Choose another with --directory." in errors
