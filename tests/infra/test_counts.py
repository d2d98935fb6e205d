"""Counts: added up in memory by each process, and in Postgres by all of them."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.infra import metrics
from app.infra.db import session_scope
from app.infra.metrics import store
from app.infra.metrics.kinds import Counter, Histogram, Streak
from app.infra.metrics.pending import Change, Pending, pending
from tests.conftest import forget_connections
from tests.patience import PATIENCE_SECONDS, eventually

SEEN = Counter("seen_total", "Seen", ("who",))
FAILED = Streak("failed_in_a_row", "Failed", ("who",))
TOOK = Histogram("took_seconds", "Took", ("who",), bounds=(0.1, 1.0))


HOUR = 3_600


@pytest.fixture(autouse=True)
def nothing_pending(plumbing):
    """Forget what other tests have counted in this process."""
    pending.take()


def written():
    """Write what was counted and return it as it stands: (name, values of the labels) → value."""
    metrics.flush()
    with session_scope() as session:
        return {(found.name, *found.labels.values()): found.value for found in store.read(session)}


def test_what_was_counted_stands_in_postgres_once_it_is_written(plumbing):
    for _ in range(3):
        SEEN.add("lina")
    SEEN.add("mounir", amount=40)
    assert plumbing.execute("SELECT count(*) FROM metric").fetchone() == (0,)
    assert written() == {("seen_total", "lina"): 3, ("seen_total", "mounir"): 40}
    assert written() == {("seen_total", "lina"): 3, ("seen_total", "mounir"): 40}
    SEEN.add("lina")
    assert written()["seen_total", "lina"] == 4


def test_a_label_too_few_is_a_mistake():
    with pytest.raises(ValueError, match="shorter"):
        SEEN.add()


def test_a_streak_begins_anew_when_it_has_ended():
    FAILED.grow("konnect")
    FAILED.grow("konnect")
    assert written() == {("failed_in_a_row", "konnect"): 2}
    FAILED.grow("konnect")
    assert written() == {("failed_in_a_row", "konnect"): 3}
    FAILED.end("konnect")
    FAILED.grow("konnect")
    assert written() == {("failed_in_a_row", "konnect"): 1}
    FAILED.end("konnect")
    assert written() == {("failed_in_a_row", "konnect"): 0}


def test_a_duration_is_counted_at_the_first_bound_that_holds_it():
    for seconds in (0.05, 0.1, 0.5, 7.0):
        TOOK.observe("konnect", seconds=seconds)
    found = written()
    assert found.pop(("took_seconds_sum", "konnect")) == pytest.approx(7.65)
    assert found == {
        ("took_seconds_bucket", "0.1", "konnect"): 2,
        ("took_seconds_bucket", "1.0", "konnect"): 1,
        ("took_seconds_bucket", "+Inf", "konnect"): 1,
    }


def test_threads_lose_no_count():
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: SEEN.add("lina"), range(4_000)))
    assert written() == {("seen_total", "lina"): 4_000}


def test_writers_at_once_neither_lose_a_count_nor_wait_for_each_other_for_ever():
    rows = [SEEN.row(str(n)) for n in range(20)]

    def write(turn):
        shuffled = rows if turn % 2 else rows[::-1]
        with session_scope() as session:
            store.write(session, dict.fromkeys(shuffled, Change(1)))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(200)))
    assert set(written().values()) == {200}


def test_what_cannot_be_written_is_kept_for_the_next_time(monkeypatch, shared_database, settings_anew):
    SEEN.add("lina")
    FAILED.end("konnect")
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_URL", shared_database.url.replace(shared_database.name, "nowhere"))
        settings_anew()
        metrics.flush()
        SEEN.add("lina")
        FAILED.grow("konnect")
    settings_anew()
    assert written() == {("seen_total", "lina"): 2, ("failed_in_a_row", "konnect"): 1}


@pytest.fixture
def settings_anew():
    """Return a function that has the settings read again, and the connections made anew."""
    from app.infra import config  # noqa: PLC0415 - beside its only use

    def forget():
        config.settings.cache_clear()
        forget_connections()

    yield forget
    forget()


def test_a_child_does_not_write_what_its_parent_has_counted():
    mine = Pending()
    mine.add(SEEN.row("lina"), Change(1))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"%d" % len(mine.take()))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as told:
        assert told.read() == "0"
    assert len(mine.take()) == 1


def test_what_is_counted_in_a_transaction_is_undone_with_it():
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        SEEN.add_with(session, "lina", amount=7)
        raise ZeroDivisionError
    assert written() == {}
    with session_scope() as session:
        SEEN.add_with(session, "lina", amount=7)
    assert written() == {("seen_total", "lina"): 7}


def test_a_number_tells_how_long_it_has_not_changed_and_when_it_began_anew(plumbing):
    FAILED.end("konnect")
    metrics.flush()
    plumbing.execute("UPDATE metric SET changed_at = now() - interval '1 h', begun_at = now() - interval '1 h'")
    with session_scope() as session:
        (found,) = store.read(session)
    assert min(found.age, found.begun) >= HOUR
    FAILED.grow("konnect")
    metrics.flush()
    with session_scope() as session:
        (found,) = store.read(session)
    assert found.age < HOUR <= found.begun


def test_a_process_that_was_started_writes_by_itself(plumbing):
    child = os.fork()
    if child == 0:
        metrics.start()
        metrics.start()
        SEEN.add("lina")
        time.sleep(2 * PATIENCE_SECONDS)
        os._exit(0)
    try:
        eventually(lambda: plumbing.execute("SELECT sum(value) FROM metric").fetchone() == (1,))
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_later_changes_follow_earlier_ones():
    more, anew = Change(2), Change(5, anew=True)
    assert more.then(more) == Change(4)
    assert more.then(anew) == anew
    assert anew.then(more) == replace(anew, amount=7)
