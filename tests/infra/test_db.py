"""The database: one way to open a transaction, one place that commits, one engine for each process."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import BigInteger, Dialect, TypeDecorator, bindparam, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from app.infra import db, failures
from app.infra.clock import advance, business_now
from app.infra.config import settings
from app.infra.db import session_is_open, session_scope
from app.kernel.clock import wall_now
from tests.conftest import forget_connections
from tests.patience import PATIENCE_SECONDS, eventually


@pytest.fixture
def notes(plumbing):
    plumbing.execute("DROP TABLE IF EXISTS note")
    plumbing.execute("CREATE TABLE note (n bigint CONSTRAINT pk_note PRIMARY KEY)")
    plumbing.execute("GRANT SELECT, INSERT ON note TO amana_app")
    yield lambda: [row[0] for row in plumbing.execute("SELECT n FROM note ORDER BY n")]
    plumbing.execute("DROP TABLE note")


def write(session, n):
    session.execute(text("INSERT INTO note VALUES (:n)"), {"n": n})


def test_what_is_done_in_the_block_is_committed_at_its_end(notes):
    with session_scope() as session:
        write(session, 1)
        assert notes() == []
    assert notes() == [1]


def test_whatever_is_raised_in_the_block_undoes_all_of_it(notes):
    with pytest.raises(KeyError), session_scope() as session:
        write(session, 1)
        raise KeyError
    assert notes() == []


def test_what_breaks_off_in_the_middle_of_a_statement_is_what_is_told(notes, struck, services):
    """The connection cannot even be rolled back then: it is thrown away, and the next transaction has another."""

    with pytest.raises(KeyError), session_scope() as session, ThreadPoolExecutor(1) as other:
        write(session, 1)
        other.submit(strike_when_asleep, services)
        session.execute(text(f"SELECT pg_sleep({PATIENCE_SECONDS})"))
    end_sleepers(services)
    with session_scope() as session:
        write(session, 2)
    assert notes() == [2]


def test_what_breaks_off_before_a_statement_is_sent_is_what_is_told(notes, struck):
    """SQLAlchemy wraps what strikes in there: a time limit would look like a mistake in the statement."""
    with pytest.raises(KeyError) as told, session_scope() as session:
        write(session, 1)
        session.execute(text("SELECT :n").bindparams(bindparam("n", 1, Striking)))
    assert "KeyError" in failures.trace(told.value)
    assert notes() == []


@pytest.fixture
def struck():
    """Let a signal break off whatever is done, as a time limit does."""

    def strike(*_: object):
        raise KeyError

    before = signal.signal(signal.SIGALRM, strike)
    yield
    signal.signal(signal.SIGALRM, before)


class Striking(TypeDecorator[int]):
    """A number that strikes while it is prepared for being sent."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, _: Dialect) -> int | None:
        os.kill(os.getpid(), signal.SIGALRM)
        return value


def end_sleepers(services):
    """The server sleeps on: it sees that nobody listens any more only when it has something to say."""
    with psycopg.connect(services.cluster.superuser_url(), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")


def strike_when_asleep(services):
    """Send the signal as soon as the statement sleeps at the server."""
    asleep = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with psycopg.connect(services.cluster.superuser_url(), autocommit=True) as superuser:
        eventually(lambda: superuser.execute(asleep).fetchone() is not None)
    os.kill(os.getpid(), signal.SIGALRM)


def test_leaving_the_block_early_is_leaving_it_well(notes):
    def leave_early():
        with session_scope() as session:
            write(session, 1)
            return

    leave_early()
    assert notes() == [1]


def test_a_thread_knows_whether_it_holds_a_transaction(plumbing):
    assert not session_is_open()
    with session_scope():
        assert session_is_open()
        with session_scope():
            assert session_is_open()
        assert session_is_open()
        with ThreadPoolExecutor(1) as pool:
            assert not pool.submit(session_is_open).result()
    assert not session_is_open()


def test_a_thread_knows_it_after_a_failure_too(plumbing):
    with pytest.raises(KeyError), session_scope():
        raise KeyError
    assert not session_is_open()


def test_the_name_of_what_was_violated_can_be_asked(notes):
    with pytest.raises(IntegrityError) as violation, session_scope() as session:
        write(session, 1)
        write(session, 1)
    assert (db.sqlstate(violation.value), db.constraint(violation.value)) == ("23505", "pk_note")


def test_an_error_does_not_repeat_what_was_to_be_stored(notes):
    with pytest.raises(DBAPIError) as error, session_scope() as session:
        session.execute(text("INSERT INTO note SELECT 1 / 0 WHERE :word <> ''"), {"word": "secret-7f3a"})
    assert "secret-7f3a" not in str(error.value)


def test_a_session_speaks_utc_and_does_not_wait_for_ever(plumbing, monkeypatch):
    for limit, seconds in {"LOCK": 5, "IDLE": 30}.items():
        monkeypatch.setattr(f"app.infra.db.{limit}_SECONDS", seconds)
    monkeypatch.setenv("STATEMENT_TIMEOUT_SECONDS", "15")
    settings.cache_clear()
    forget_connections()
    with session_scope() as session:
        found = {
            name: session.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("timezone", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }
    assert found == {
        "timezone": "UTC",
        "statement_timeout": "15s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
    }


def test_a_connection_that_was_cut_is_replaced_before_it_is_used(plumbing, services):
    with session_scope() as session:
        pid = session.scalar(text("SELECT pg_backend_pid()"))
    plumbing.execute("SELECT 1")
    with pytest.raises(OperationalError), session_scope() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with session_scope() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) != pid


def test_threads_that_need_the_first_connection_at_once_share_one_pool(plumbing):
    """Or each would have a pool of its own, and all but one would be forgotten with their connections open."""
    threads = 8
    for _ in range(5):
        forget_connections()
        barrier = Barrier(threads)

        def pool_in_use(barrier=barrier):
            barrier.wait(PATIENCE_SECONDS)
            with session_scope() as session:
                return session.get_bind().pool

        with ThreadPoolExecutor(threads) as executor:
            pools = [found.result() for found in [executor.submit(pool_in_use) for _ in range(threads)]]
        assert len(set(pools)) == 1


def test_a_connection_does_not_cross_a_fork(plumbing):
    db.ping()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"own" if db.engine() is not db._engines[os.getppid()] else b"parent's")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 20) == b"own"
    os.close(reading)
    os.close(writing)
    db.ping()


def test_business_time_is_wall_time_until_it_is_moved(plumbing):
    with session_scope() as session:
        before = wall_now()
        assert before <= business_now(session) <= wall_now()


def test_business_time_moves_forward_for_everybody(plumbing):
    with session_scope() as session:
        moved = advance(session, 90_000)
    with session_scope() as session:
        before = wall_now()
        now = business_now(session)
        assert moved <= now
        assert before <= now - timedelta(seconds=90_000) <= wall_now()


def test_business_time_stands_still_within_a_transaction(plumbing):
    with session_scope() as session:
        before = business_now(session)
        with session_scope() as another:
            advance(another, 60)
        assert business_now(session) == before


def test_business_time_never_moves_back(plumbing):
    with pytest.raises(IntegrityError) as refusal, session_scope() as session:
        advance(session, -1)
    assert db.constraint(refusal.value) == "ck_business_clock_offset_seconds"
