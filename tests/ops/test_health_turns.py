"""Checks that turn: the back office is told once, and once more when it is well again."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from app.infra import metrics
from app.infra.db import session_scope
from app.infra.metrics.pending import pending
from app.ops import health
from tests.conftest import forget_connections
from tests.ops.conftest import LOOK, count, impatience


@pytest.fixture
def watchman(client, drain):
    """Return a watchman in a system in which all parts have just shown that they work."""
    from tasks.maintenance import send_canaries  # noqa: PLC0415 - it reads the settings, which `client` has set
    from tasks.watching import Watchman  # noqa: PLC0415

    pending.take()
    send_canaries()
    drain()
    metrics.BEAT_TICKS.add()
    metrics.flush()
    return Watchman()


@pytest.fixture
def lose_workers(owner):
    """Return a function that makes it long ago that work came through the queue of payments."""

    def lose():
        owner.execute("UPDATE delivery SET finished_at = now() - interval '2 h' WHERE queue = 'payments'")

    return lose


@pytest.fixture
def find_workers(owner):
    """Return a function that has work come through again."""

    def find():
        owner.execute("UPDATE delivery SET finished_at = now() WHERE queue = 'payments'")

    return find


def test_while_everything_is_well_nothing_is_told(watchman, alarms, owner):
    watchman.look()
    watchman.look()
    assert alarms() == []
    assert count(owner, "health_check WHERE verdict = 'healthy'") == 9


def test_a_check_that_turns_is_told_once_and_once_more_when_it_is_well_again(
    watchman, alarms, lose_workers, find_workers
):
    watchman.look()
    lose_workers()
    for _ in range(3):
        watchman.look()
    (alarm,) = alarms()
    assert (alarm["type"], alarm["severity"], alarm["title"]) == (
        "health_check_failure", "critical", "workers: unhealthy",
    )  # fmt: skip
    assert re.search(r"nothing comes through payments \(7[2-9]\d\d s ago\)", alarm["message"])
    assert "restart" in alarm["message"]
    assert alarm["metadata"] == {"check": "workers", "status": "unhealthy", "was": "healthy"}
    find_workers()
    for _ in range(3):
        watchman.look()
    well, bad = alarms()
    assert (bad["id"], bad["is_read"]) == (alarm["id"], False)
    assert (well["severity"], well["title"]) == ("info", "workers: well again")


def test_what_gets_worse_is_told_louder(watchman, alarms, owner, canary, client):
    watchman.look()
    for seconds in (120, 900):
        owner.execute("DELETE FROM delivery WHERE state = 'pending'")
        with session_scope() as session:
            from app.infra.outbox import record  # noqa: PLC0415 - beside its only use
            from app.infra.outbox.events import DeliveryDied  # noqa: PLC0415
            from app.kernel.ids import new_id  # noqa: PLC0415

            record(session, DeliveryDied(delivery_id=new_id()))
        owner.execute(
            "UPDATE delivery SET available_at = now() - make_interval(secs => %s) WHERE state = 'pending'",
            [seconds / 4],
        )
        watchman.look()
    (alarm,) = alarms()
    assert (alarm["title"], alarm["severity"], alarm["metadata"]["was"]) == ("relay: unhealthy", "critical", "degraded")


def test_of_many_who_see_it_at_the_same_time_one_tells_it(watchman, owner, lose_workers, find_workers):
    lose_workers()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: watchman.look(), range(24)))
    assert owner.execute("SELECT title, count FROM admin_notification").fetchall() == [("workers: unhealthy", 1)]
    find_workers()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: watchman.look(), range(24)))
    assert sorted(owner.execute("SELECT title, count FROM admin_notification").fetchall()) == [
        ("workers: unhealthy", 1),
        ("workers: well again", 1),
    ]


def test_who_looked_earlier_and_was_slow_turns_nothing_back(watchman, owner, lose_workers):
    early = health.look()
    lose_workers()
    watchman.look()
    with session_scope() as session:
        assert health.record_turns(session, early) == []
    late = replace(early, looked_at=early.looked_at + timedelta(minutes=1))
    with session_scope() as session:
        (turn,) = health.record_turns(session, late)
    assert (turn.name, turn.was, turn.check.status) == ("workers", "unhealthy", "healthy")


def test_a_watchman_who_stumbles_lives_on(watchman, owner, alarms, lose_workers, caplog):
    watchman.look()
    owner.execute("ALTER TABLE health_check DROP CONSTRAINT ck_health_check_verdict")
    try:
        owner.execute("UPDATE health_check SET verdict = 'a word of the next version'")
        watchman.look_again()
        assert "the watchman stumbled" in caplog.text
    finally:
        owner.execute("UPDATE health_check SET verdict = 'healthy'")
        owner.execute(
            "ALTER TABLE health_check ADD CONSTRAINT ck_health_check_verdict"
            " CHECK (verdict IN ('healthy', 'degraded', 'unhealthy'))"
        )
    lose_workers()
    watchman.look_again()
    assert [alarm["title"] for alarm in alarms()] == ["workers: unhealthy"]


def test_a_check_that_hangs_is_told_itself_and_nothing_that_could_not_be_asked_for_it(watchman, owner, alarms):
    """As by a migration that holds a table: the database has answered, so it is not told of."""
    watchman.look()
    with owner.transaction(), impatience(LOOK, times=5):  # the checks before it must find their time on any machine
        owner.execute("LOCK webhook_ping")
        for _ in range(2):
            watchman.look()
    watchman.look()
    assert sorted((alarm["title"], alarm["severity"]) for alarm in alarms()) == [
        ("webhooks: unhealthy", "critical"),
        ("webhooks: well again", "info"),
    ]


def test_an_absence_of_the_database_is_told_once_when_it_is_back(watchman, owner, setting, database, alarms):
    from tasks.watching import Watchman  # noqa: PLC0415 - it reads the settings, which `watchman` has set

    another = Watchman()
    watchman.look()
    setting("DATABASE_URL", database.url.replace(database.name, "nowhere"))
    forget_connections()
    for one in (watchman, another, watchman):
        one.look()
    setting("DATABASE_URL", database.url)
    forget_connections()
    for one in (watchman, another, watchman, another):
        one.look()
    assert sorted((alarm["title"], alarm["severity"]) for alarm in alarms()) == [
        ("database: unhealthy", "critical"),
        ("database: well again", "info"),
    ]
    assert owner.execute("SELECT max(count) FROM admin_notification").fetchone() == (1,)
