"""Prefer: wait=N (RFC 7240): the answer comes when something changed, and nothing is held meanwhile."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from app.infra import changes
from app.infra.config import settings
from app.infra.db import session_scope
from app.kernel.ids import new_id


@pytest.fixture
def row(tables):
    made = new_id()
    tables.execute("INSERT INTO watched VALUES (%s, 1)", [made])
    return made


@pytest.fixture
def get(served, http, row):
    """Return a function that asks for the row and returns the answer and how many seconds it took."""

    def ask(prefer=None):
        began = time.monotonic()
        answer = http.get(f"{served}/rows/{row}", headers={"Prefer": prefer} if prefer else {})
        return answer, time.monotonic() - began

    return ask


@pytest.fixture
def listening(tables, row):
    """Wait until this process listens to the database of this test."""
    signal = changes.listener.watch([row])
    deadline = time.monotonic() + 5
    while not signal.wait(0.05):
        assert time.monotonic() < deadline, "nobody listens"
        change(UUID(int=0), row)
    changes.listener.unwatch([row], signal)


def change(row, announced=None):
    with session_scope() as session:
        session.execute(text("UPDATE watched SET version = version + 1 WHERE id = :id"), {"id": row})
        changes.announce(session, announced or row)


def sessions_at_work(services, tables):
    """Return the sessions of the runtime role that hold a transaction or run a statement."""
    with psycopg.connect(services.cluster.superuser_url(tables.info.dbname)) as onlooker:
        return onlooker.execute(
            "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND usename = 'amana_app'"
            " AND (state <> 'idle' OR xact_start IS NOT NULL)"
        ).fetchall()


def test_without_being_asked_nobody_waits(get, row):
    answer, took = get()
    assert (answer.json(), took < 0.5) == ({"version": 1}, True)
    assert "Preference-Applied" not in answer.headers


def test_a_change_is_answered_at_once(get, row, listening):
    latencies = []
    with ThreadPoolExecutor() as pool:
        for version in range(2, 7):
            asked = pool.submit(get, "wait=5")
            time.sleep(0.3)
            changed_at = time.monotonic()
            change(row)
            answer, _ = asked.result()
            latencies.append(time.monotonic() - changed_at)
            assert answer.json() == {"version": version}
            assert answer.headers["Preference-Applied"] == "wait=5"
    print("change → answer:", ", ".join(f"{latency * 1000:.0f} ms" for latency in latencies))
    assert sorted(latencies)[1] < 0.1  # a busy machine may be late with some


def test_without_a_change_the_answer_comes_after_the_wait(get, row):
    answer, took = get("wait=1")
    assert answer.json() == {"version": 1}
    assert 1 <= took < 1.8


def test_a_change_of_another_row_is_no_change(get, row, listening):
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(get, "wait=1")
        time.sleep(0.3)
        change(new_id())
        answer, took = asked.result()
    assert (answer.json(), took >= 1) == ({"version": 1}, True)


def test_a_change_that_nobody_heard_of_is_seen_within_a_second(get, row, tables):
    """The listener's connection may just be cut: the waiting look for themselves."""
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(get, "wait=5")
        time.sleep(0.3)
        tables.execute("UPDATE watched SET version = 2")
        answer, took = asked.result()
    assert (answer.json(), took < 2) == ({"version": 2}, True)


def test_no_session_is_held_while_waiting(get, row, services, tables, listening):
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(get, "wait=3") for _ in range(3)]
        time.sleep(0.5)
        held = sessions_at_work(services, tables)
        change(row)
        assert [one.result()[0].json()["version"] for one in asked] == [2, 2, 2]
    assert held == []


def test_half_of_the_threads_wait_and_the_others_are_answered_at_once(get, row, listening):
    places = settings().web_threads // 2
    with ThreadPoolExecutor(places + 3) as pool:
        began = threading.Barrier(places + 3)

        def ask():
            began.wait()
            return get("wait=1")

        answers = [asked.result() for asked in [pool.submit(ask) for _ in range(places + 3)]]
    waited = [took for answer, took in answers if "Preference-Applied" in answer.headers]
    at_once = [took for answer, took in answers if "Preference-Applied" not in answer.headers]
    assert (len(waited), len(at_once)) == (places, 3)
    assert max(at_once) < 0.9
    assert min(waited) >= 1


def test_places_are_given_back(get, row, listening):
    for _ in range(settings().web_threads):
        with ThreadPoolExecutor() as pool:
            asked = pool.submit(get, "wait=5")
            time.sleep(0.05)
            change(row)
            assert "Preference-Applied" in asked.result()[0].headers


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("respond-async, wait=1", "wait=1"),
        ("wait=1; foo", "wait=1"),
        ("WAIT=1", "wait=1"),
        ("wait=0", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=soon", None),
        ("await=1", None),
        ("wait=99999999999999999999", None),
    ],
)
def test_the_preference_is_read_as_rfc_7240_writes_it(get, row, prefer, applied):
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(get, prefer)
        time.sleep(0.2)
        change(row)
        answer, _ = asked.result()
    assert answer.headers.get("Preference-Applied") == applied


def test_a_wait_beyond_20_seconds_is_cut_to_20(get, row, listening):
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(get, "wait=3600")
        time.sleep(0.3)
        change(row)
        assert asked.result()[0].headers["Preference-Applied"] == "wait=20"


def test_the_listener_comes_back_when_its_connection_is_cut(get, row, services, tables, listening):
    with psycopg.connect(services.cluster.superuser_url(tables.info.dbname)) as onlooker:
        cut = onlooker.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        ).fetchone()
    assert cut == (1,)
    time.sleep(1.3)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(get, "wait=5")
        time.sleep(0.4)
        changed_at = time.monotonic()
        change(row)
        assert asked.result()[0].json() == {"version": 2}
    assert time.monotonic() - changed_at < 0.3


def test_nobody_is_watched_after_the_answers(get, row, listening):
    get("wait=1")
    assert not changes.listener._waiting
