"""The bench measures what it says: real worlds, real statements, and the processors' time of whoever works."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import pgbench
from bench.cli import PAGE
from bench.machine import metered
from bench.world import ROOT, Broken

BURN = "import time\nwhile time.process_time() < 0.5: pass\nprint('burnt', flush=True)\ninput()"


def test_a_line_is_measured_in_a_world_of_its_own_and_the_books_are_checked_afterwards():
    before = PAGE.read_bytes()
    command = [sys.executable, "-m", "bench.cli", "commit to", "--rounds", "1", "--patience", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "round 1  commit to task start, ours: " in done.stdout
    assert "\n| commit to task start | ours | " in done.stdout
    assert "\nThe books afterwards: every invariant holds.\n" in done.stdout
    assert PAGE.read_bytes() == before  # it is written when all lines were measured


def test_what_a_world_spends_is_told_from_what_we_spend():
    with subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as world:
        with metered(world.pid) as spent:
            assert world.stdout.readline() == b"burnt\n"
        world.communicate(b"\n")
    assert spent.world >= 0.4
    assert spent.bench < spent.world
    assert spent.elapsed > 0


def test_a_script_is_run_by_eight_clients_and_each_of_its_transactions_is_timed(database, owner):
    owner.execute("CREATE TABLE counted (client int)")
    try:
        timing = pgbench.run(database.owner_url, "INSERT INTO counted VALUES (:client_id);", each=5)
        found = owner.execute("SELECT count(*), count(DISTINCT client) FROM counted").fetchone()
    finally:
        owner.execute("DROP TABLE counted")
    assert found == (40, 8)
    assert (timing.operations, len(timing.latencies)) == (40, 40)
    assert timing.rate > 0


def test_a_script_that_fails_gives_no_number(database):
    with pytest.raises(Broken, match="pgbench failed"):
        pgbench.run(database.owner_url, "SELECT nothing FROM nowhere;", each=1)


def test_a_posting_of_the_limit_is_one_of_the_ledger(database, owner):
    from bench.lines.postings import SQL  # noqa: PLC0415 - it reads the settings, which `database` has set

    pgbench.run(database.url, SQL, each=2, variables={"round": 1, "accounts": 4, "i": 0})
    assert owner.execute("SELECT count(*), sum(abs(amount)) FROM ledger.entry").fetchone() == (32, 32)
