"""A world in which something does not work: the demo fails, and says what it waited for and what it saw instead."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from tests.demo.conftest import Played, RunningWorld, ended, failed
from tests.patience import PATIENCE_SECONDS

#: Seconds; what works answers within them on a machine that is quick.
LEAST_PATIENCE_SECONDS = 10.0


@pytest.fixture(scope="session")
def patience(played: Played) -> str:
    """Return the seconds after which the plays of this file give up: no step of the story takes as long as all of it.

    So these tests cost little where the machine is quick, and where it is slow only what does not work fails.
    """
    return f"{max(LEAST_PATIENCE_SECONDS, played.seconds):.1f}"


def test_with_the_worker_stopped(world: RunningWorld, patience: str):
    with stopped(world.described["pids"]["worker"]):
        told = failed(world.play("demo", "--patience", patience))
    assert f"Awaited for {patience} s: a mail with a confirmation link in the mailbox of mounir-" in told
    assert "Seen instead: an empty mailbox." in told
    assert "tasks.identity.send_verification (2 published)" in told
    assert f"The logs are in {world.directory / 'logs'}." in told


def test_with_the_worker_stopped_in_the_middle(world: RunningWorld, patience: str):
    play = world.begin("demo", "--patience", patience)
    read_until(play, "the booking is confirmed")
    with stopped(world.described["pids"]["worker"]):
        told = failed(ended(play))
    assert f"Awaited for {patience} s: " in told
    assert "Seen instead: " in told
    assert "Tasks that have not ended: tasks." in told


def test_with_google_out_of_order_for_good(world: RunningWorld, google_fault: str, patience: str):
    told = failed(world.play("demo", "--patience", patience))
    assert f"Awaited for {patience} s: the session in Mounir's Google calendar." in told
    assert "Seen instead: a calendar without it." in told
    assert re.search(r"arrange_meeting \(\d \w+: GoogleUnavailable: Google answered 503 backendError\)", told)
    # What it had ordered itself has not struck: the fault that was there first did.
    assert on_order(world) == [google_fault]


@pytest.mark.parametrize(
    ("posting", "awaited", "seen"),
    [
        ("release", "the status 'closed'", "the status 'completed'"),
        ("payout-paid", "the status 'paid'", "the status 'processing'"),
    ],
)
def test_with_a_posting_that_fails(world: RunningWorld, refused, patience: str, posting, awaited, seen):
    refused(posting)
    told = failed(world.play("demo", "--patience", patience))
    assert f"Awaited for {patience} s: {awaited} (GET /" in told
    assert f"Seen instead: {seen}." in told
    assert "Tasks that have not ended: tasks." in told


@contextmanager
def stopped(pid: int):
    """Stop a process with all its children, as a machine that hangs would, and let them go on afterwards."""
    os.killpg(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(pid, signal.SIGCONT)


@pytest.fixture
def google_fault(world: RunningWorld):
    """Have Google answer 503 whenever an event is inserted, until the test is over."""
    faults = f"{world.described['sandbox']}/faults"
    order = {"fault": "google_5xx", "status": 503, "on": "insert", "count": None}
    fault = httpx.post(faults, json=order, timeout=PATIENCE_SECONDS).raise_for_status().json()["id"]
    yield fault
    httpx.delete(f"{faults}/{fault}", timeout=PATIENCE_SECONDS).raise_for_status()


def on_order(world: RunningWorld) -> list[str]:
    """Return the faults that can still strike."""
    listed = httpx.get(f"{world.described['sandbox']}/faults", timeout=PATIENCE_SECONDS).json()["items"]
    return [fault["id"] for fault in listed if fault["count"] != 0]


@pytest.fixture
def refused(world: RunningWorld):
    """Have the database refuse the postings of one kind, as only its owner can, until the test is over."""
    with psycopg.connect(world.described["database_owner_url"], autocommit=True) as owner:
        yield lambda posting: owner.execute(REFUSE.format(posting=posting))
        owner.execute(ALLOW)


REFUSE = """
    CREATE FUNCTION ledger.break_down() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'broken by a test'; END $$;
    CREATE TRIGGER broken BEFORE INSERT ON ledger.txn FOR EACH ROW WHEN (NEW.ref LIKE '{posting}:%')
        EXECUTE FUNCTION ledger.break_down()
"""
ALLOW = "DROP TRIGGER broken ON ledger.txn; DROP FUNCTION ledger.break_down()"


def read_until(play: subprocess.Popen[str], words: str) -> None:
    """Read what a play tells until some words come."""
    assert play.stdout is not None
    told = iter(play.stdout.readline, "")
    assert any(words in line for line in told), f"{words!r} never came"
