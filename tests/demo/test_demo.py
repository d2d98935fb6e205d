"""The demo plays on the whole world over real sockets, and tells the truth about what it saw."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager

import psycopg
import pytest

from demo.__main__ import main
from demo.failures import Failed
from demo.starts import database_now, measure_delays
from tests.demo.conftest import RunningWorld


def test_the_whole_story_holds(world: RunningWorld):
    played = world.play("demo")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "the booking is confirmed" in played.stdout
    assert "was answered 200, 200, 200" in played.stdout
    assert "in escrow                 0.000    0.000   33.337" in played.stdout
    assert "commit → task start: p50" in played.stdout
    assert "All of it held" in played.stdout
    assert "BROKEN" not in played.stdout
    assert played.stderr == ""


def test_no_colours_where_there_is_no_terminal(world: RunningWorld):
    assert "\x1b" not in world.play("demo").stdout


def test_with_the_worker_stopped_it_fails_and_says_what_it_waited_for(world: RunningWorld):
    with stopped(world.described["pids"]["worker"]):
        played = world.play("demo", "--patience", "2")
    assert played.returncode == 1
    assert "FAILED" in played.stdout
    assert "Awaited for 2.0 s: a mail with a confirmation link in the mailbox of mounir-" in played.stdout
    assert "Seen instead: an empty mailbox." in played.stdout
    assert "tasks.identity.send_verification (2 published)" in played.stdout
    assert f"The logs are in {world.directory / 'logs'}." in played.stdout
    assert "Traceback" not in played.stdout + played.stderr


def test_with_books_that_are_off_by_a_millime_it_fails(world: RunningWorld):
    with off_by(1, world.described["database_owner_url"]):
        played = world.play("demo")
    assert played.returncode == 1
    assert "BROKEN  everything sums to zero in each currency currency=TND, off=1" in played.stdout
    assert "The books do not hold: " in played.stdout
    assert "All of it held" not in played.stdout


def test_with_the_api_away_it_fails_and_says_so(world: RunningWorld, tmp_path, monkeypatch, capsys):
    away = tmp_path / "world.json"
    away.write_text(json.dumps(world.described | {"api": "http://127.0.0.1:9"}))
    assert playing(away, monkeypatch) == 1
    told = capsys.readouterr().out
    assert "POST http://127.0.0.1:9/api/v1/auth/register got no answer: ConnectionRefusedError" in told
    assert "Every task has ended." in told


def test_without_a_world_it_names_the_ways_out(tmp_path, monkeypatch, capsys):
    assert playing(tmp_path / "world.json", monkeypatch) == 1
    told = capsys.readouterr().out
    assert "No world runs here" in told
    assert "`make demo` starts one of its own" in told


def test_a_measurement_of_nothing_is_refused(world: RunningWorld):
    database_url = world.described["database_url"]
    with pytest.raises(Failed, match="tells of no task"):
        measure_delays(database_url, database_now(database_url))


def test_the_demo_data_are_there_once_however_often_they_are_sown(world: RunningWorld):
    sown = [world.play("demo.seed") for _ in range(2)]
    assert [one.returncode for one in sown] == [0, 0], sown[0].stderr + sown[1].stderr
    assert sown[0].stdout == sown[1].stdout
    with psycopg.connect(world.described["database_url"]) as connection:
        assert connection.execute(SOWN).fetchall() == [
            ("karim", 1, 0),
            ("lina", 0, 1),
            ("mounir", 2, 0),
            ("yasmine", 2, 0),
        ]


#: Who is there, with how many offerings and captured payments.
SOWN = """
    SELECT split_part(email, '@', 1),
        (SELECT count(*) FROM offering WHERE mentor_id = users.id),
        (SELECT count(*) FROM payment WHERE payer_id = users.id AND status = 'captured')
    FROM users WHERE email LIKE '%@demo.example' ORDER BY 1
"""


@contextmanager
def stopped(pid: int):
    """Stop a process with all its children, as a machine that hangs would, and let them go on afterwards."""
    os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(pid, signal.SIGCONT)


@contextmanager
def off_by(millimes: int, owner_url: str):
    """Falsify a balance that nobody else uses, as only the owner of the database can, and put it right again."""
    falsify = "UPDATE ledger.account SET posted = posted + %s WHERE code = 'suspense:konnect'"
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("SELECT ledger.open_account('suspense:konnect', 'TND')")
        owner.execute(falsify, [millimes])
        try:
            yield
        finally:
            owner.execute(falsify, [-millimes])


def playing(world_file, monkeypatch) -> int:
    monkeypatch.setenv("AMANA_WORLD", str(world_file))
    monkeypatch.setattr(sys, "argv", ["demo"])
    return main()
