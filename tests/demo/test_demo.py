"""The demo plays on the whole world over real sockets, and tells the truth about what it saw."""

from __future__ import annotations

import json
import re
import sys

import psycopg
import pytest

from demo.__main__ import main
from demo.database import database_now
from demo.failures import Failed
from demo.starts import measure_delays
from tests.demo.conftest import PATIENT, Played, RunningWorld, failed


def test_the_whole_story_holds(played: Played):
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stderr == ""
    assert "commit → task start: p50" in played.stdout
    assert "All of it held" in played.stdout
    assert "BROKEN" not in played.stdout


def test_every_millime_can_be_followed_to_the_mentor_and_to_us(played: Played):
    assert re.search(r"in escrow +\+33\.337  33\.337\n", played.stdout)
    assert re.search(r"Mounir can spend +\+28\.336  28\.336\n +our fee +\+5\.001   5\.001\n", played.stdout)
    assert re.search(r"paid out to Mounir +\+28\.336  28\.336\n", played.stdout)
    assert "has taken 45.837 TND and paid out 28.336 TND: our books say the same of each" in played.stdout


def test_the_faults_that_are_ordered_strike_and_heal(played: Played):
    assert "has asked Konnect by itself: the money is captured" in played.stdout
    assert "was answered 200, 200, 200" in played.stdout
    assert "the payment is unknown" in played.stdout
    tries = re.findall(r"(\w+) +try (\d).*?: (.*)", played.stdout)
    assert tries == [
        ("arrange_meeting", "1", "GoogleUnavailable: Google answered 503 backendError"),
        ("arrange_meeting", "2", "done"),
        ("arrange_meeting", "1", "MeetPending: Google has not made the Meet link yet"),
        ("arrange_meeting", "2", "done"),
        ("cancel_meeting", "1", "done"),
    ]


def test_without_a_terminal_it_is_plain(played: Played):
    assert "\x1b" not in played.stdout


def test_its_lines_are_read_without_scrolling(played: Played):
    _title, _addresses, *story = played.stdout.splitlines()
    assert max(map(len, story)) <= 120


def test_with_books_that_are_off_by_a_millime_it_fails(world: RunningWorld, off_by_a_millime):
    told = failed(world.play("demo", *PATIENT))
    assert "BROKEN  everything sums to zero in each currency currency=TND, off=1" in told
    assert "The books do not hold: " in told


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


@pytest.fixture
def off_by_a_millime(world: RunningWorld):
    """Falsify a balance that nobody else uses, as only the owner of the database can, and put it right again."""
    falsify = "UPDATE ledger.account SET posted = posted + %s WHERE code = 'suspense:konnect'"
    with psycopg.connect(world.described["database_owner_url"], autocommit=True) as owner:
        owner.execute("SELECT ledger.open_account('suspense:konnect', 'TND')")
        owner.execute(falsify, [1])
        yield
        owner.execute(falsify, [-1])


def playing(world_file, monkeypatch) -> int:
    monkeypatch.setenv("AMANA_WORLD", str(world_file))
    monkeypatch.setattr(sys, "argv", ["demo"])
    return main()
