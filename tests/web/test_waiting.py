"""Prefer: wait=N (RFC 7240): the answer comes when something changed, and nothing is held meanwhile."""

from __future__ import annotations

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
from tests.patience import eventually


@pytest.fixture
def row(tables):
    made = new_id()
    tables.execute("INSERT INTO watched VALUES (%s, 1)", [made])
    return made


FOR_EVER = 3_600


@pytest.fixture
def get(served, http, row):
    """Return a function that asks for the row."""

    def ask(prefer=None):
        return http.get(f"{served}/rows/{row}", headers={"Prefer": prefer} if prefer else {})

    return ask


@pytest.fixture
def woken_only(monkeypatch):
    """Let requests wait for ever, and look by themselves never: an answer is there because somebody was woken."""
    monkeypatch.setattr("app.web.waiting.MAX_SECONDS", FOR_EVER)
    monkeypatch.setattr("app.web.waiting.LOOK_EVERY_SECONDS", FOR_EVER)


@pytest.fixture
def asked(get, row, woken_only):
    """Return a function that has one more ask, and returns its answer to come as soon as it waits."""
    with ThreadPoolExecutor(settings().web_threads) as pool:

        def ask():
            before = waiters(row)
            answer = pool.submit(get, f"wait={FOR_EVER}")
            eventually(lambda: waiters(row) > before)
            return answer

        yield ask
        eventually(lambda: change(row) or not waiters(row))


def waiters(row):
    return len(changes.listener._waiting.get(str(row), ()))


@pytest.fixture
def listening(tables, row):
    """Wait until this process listens to the database of this test."""
    signal = changes.listener.watch([row])
    eventually(lambda: change(UUID(int=0), row) or signal.wait(0.05))
    changes.listener.unwatch([row], signal)


def change(row, announced=None):
    with session_scope() as session:
        session.execute(text("UPDATE watched SET version = version + 1 WHERE id = :id"), {"id": row})
        changes.announce(session, announced or row)


LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' AND query LIKE 'LISTEN%'"


def sessions_at_work(services, tables):
    """Return the sessions of the runtime role that hold a transaction or run a statement."""
    with psycopg.connect(services.cluster.superuser_url(tables.info.dbname)) as onlooker:
        return onlooker.execute(
            "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() AND usename = 'amana_app'"
            " AND (state <> 'idle' OR xact_start IS NOT NULL)"
        ).fetchall()


def test_without_being_asked_nobody_waits(get, row, woken_only):
    answer = get()
    assert answer.json() == {"version": 1}
    assert "Preference-Applied" not in answer.headers


def test_a_change_is_answered_when_it_happens(asked, row, listening):
    for version in range(2, 7):
        answer = asked()
        change(row)
        assert answer.result().json() == {"version": version}
        assert answer.result().headers["Preference-Applied"] == f"wait={FOR_EVER}"


def test_without_a_change_the_answer_comes_after_the_wait(get, row, woken_only):
    began = time.monotonic()
    assert get("wait=1").json() == {"version": 1}
    assert time.monotonic() - began >= 1


def test_a_change_of_another_row_is_no_change(get, row, listening):
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(get, "wait=1")
        eventually(lambda: waiters(row) or answer.done())
        change(new_id())
    assert answer.result().json() == {"version": 1}
    assert time.monotonic() - began >= 1


def test_a_change_that_nobody_heard_of_is_seen_all_the_same(get, row, tables, monkeypatch):
    """The listener's connection may just be cut: the waiting look for themselves."""
    monkeypatch.setattr("app.web.waiting.MAX_SECONDS", FOR_EVER)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(get, f"wait={FOR_EVER}")
        eventually(lambda: waiters(row))
        tables.execute("UPDATE watched SET version = 2")
    assert answer.result().json() == {"version": 2}


def test_no_session_is_held_while_waiting(asked, row, services, tables, listening):
    answers = [asked() for _ in range(3)]
    eventually(lambda: sessions_at_work(services, tables) == [])
    assert [answer.done() for answer in answers] == [False] * 3
    change(row)
    assert [answer.result().json()["version"] for answer in answers] == [2, 2, 2]


def test_half_of_the_threads_wait_and_the_others_are_answered_at_once(asked, get, row, listening):
    answers = [asked() for _ in range(settings().web_threads // 2)]
    for _ in range(3):
        assert "Preference-Applied" not in get(f"wait={FOR_EVER}").headers
    assert not any(answer.done() for answer in answers)
    change(row)
    assert all("Preference-Applied" in answer.result().headers for answer in answers)


def test_places_are_given_back(asked, row, listening):
    for _ in range(settings().web_threads):
        answer = asked()
        change(row)
        assert "Preference-Applied" in answer.result().headers


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
        answer = pool.submit(get, prefer)
        eventually(lambda: waiters(row) or answer.done())
        change(row)
    assert answer.result().headers.get("Preference-Applied") == applied


def test_a_wait_beyond_20_seconds_is_cut_to_20(get, row, listening):
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(get, "wait=3600")
        eventually(lambda: waiters(row))
        change(row)
    assert answer.result().headers["Preference-Applied"] == "wait=20"


def test_the_listener_comes_back_when_its_connection_is_cut(asked, row, services, tables, listening):
    with psycopg.connect(services.cluster.superuser_url(tables.info.dbname), autocommit=True) as onlooker:
        (cut,) = onlooker.execute(f"SELECT pid, pg_terminate_backend(pid) {LISTENERS}").fetchall()
        eventually(lambda: onlooker.execute(f"SELECT {LISTENERS} AND pid <> {cut[0]}").fetchall())
    answer = asked()
    change(row)
    assert answer.result().json() == {"version": 2}


def test_nobody_is_watched_after_the_answers(get, row, listening):
    get("wait=1")
    assert not changes.listener._waiting
