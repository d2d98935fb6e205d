"""The bench measures what it says: real worlds, real statements, and the processors' time of whoever works."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bench import pgbench
from bench.cli import PAGE
from bench.line import Line
from bench.machine import metered
from bench.measuring import measure_parts
from bench.timing import Timing
from bench.world import ROOT, Broken, World

EACH = 160
BURNT_SECONDS = 2.0
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


class Prepared(Line):
    """A line whose runs cost nothing, but for a part of another process; nearly all is preparation."""

    name = "prepared"
    unit = "runs"
    worked_here = ("here",)

    def parts(self, number):
        for part in ("here", "there"):
            burn()
            yield part, lambda: Timing(100, 1.0)
        burn()


def burn():
    until = time.process_time() + BURNT_SECONDS
    while time.process_time() < until:
        pass


def test_what_is_made_ready_for_a_run_and_put_away_after_it_is_not_counted():
    measured = dict(measure_parts(Prepared(), 0, None))
    assert {part: one.timing.rate for part, one in measured.items()} == {"here": 100, "there": 100}
    one = measured["here"]
    assert one.cpu_ms * one.timing.operations < 500 * BURNT_SECONDS  # reading the meter costs a little, too
    assert measured["there"].cpu_ms == 0  # it is nobody's below a supervisor


@pytest.fixture
def as_in_production(database, monkeypatch):
    """Let the processes of the bench start: production takes no passwords that are as cheap as those of tests."""
    monkeypatch.delenv("ARGON2_MEMORY_KIB")
    return database


def test_processes_that_post_have_no_more_of_the_processors_than_there_is(as_in_production, owner):
    """Their start is not counted, or four times as much would be spent as has passed."""
    from bench.lines.postings import Postings  # noqa: PLC0415 - it reads the settings, which `database` has set
    from bench.scene import Scene  # noqa: PLC0415

    world = World({"database_url": as_in_production.url}, supervisor=0, started_in=0)
    line = Postings(Scene(world, [], [], []), each=EACH)
    measured = dict(measure_parts(line, 0, None))
    assert owner.execute("SELECT count(*), sum(amount) FROM ledger.entry").fetchone() == (4 * 2 * EACH, 0)
    for part in line.worked_here:
        assert 0 < measured[part].cpu_ms * measured[part].timing.rate < 2 * 1000 * os.cpu_count()


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
