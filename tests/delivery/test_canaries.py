"""Canaries: they go through every queue as work does, do not pile up, and are forgotten."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.infra.db import session_scope
from app.infra.outbox import canaries, dead_letters
from app.infra.outbox.claim import lose
from app.infra.outbox.dead_letters import Filter
from app.infra.outbox.reactions import QUEUES


@pytest.fixture(autouse=True)
def tasks_are_known(carrier):
    carrier.worker.loader.import_default_modules()


def send():
    with session_scope() as session:
        return canaries.send(session)


def ages():
    with session_scope() as session:
        return canaries.ages(session)


def let_an_interval_pass(carrier):
    carrier.backdate("available_at", 60)


def rows(carrier):
    return {
        table: carrier.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
        for table in ("event", "delivery", "delivery_attempt")
    }


def carry_all(carrier):
    for delivery in carrier.publish():
        assert carrier.deliver(delivery) == "ended"


def test_each_queue_of_the_workers_gets_one(carrier):
    assert set(ages().values()) == {None}
    assert send() == len(QUEUES)
    written = carrier.rows("SELECT queue, task, tries FROM delivery")
    assert sorted(row["queue"] for row in written) == sorted(queue.name for queue in carrier.worker.conf.task_queues)
    assert {row["task"] for row in written} == {canaries.TASK}


def test_who_came_through_is_told_by_queue(carrier):
    send()
    for delivery in carrier.publish():
        if carrier.row(delivery)["queue"] != "payments":
            carrier.deliver(delivery)
    carrier.backdate("finished_at", 30)
    told = ages()
    assert told.pop("payments") is None
    assert set(told) == set(QUEUES) - {"payments"}
    assert all(30 <= age < 3_600 for age in told.values())


def test_it_takes_the_way_of_all_work(carrier):
    send()
    carry_all(carrier)
    for row in carrier.rows("SELECT * FROM delivery"):
        assert (row["state"], row["attempts"]) == ("done", 1)
        assert [attempt["outcome"] for attempt in carrier.attempts(row["id"])] == ["done"]
    assert {row["type"] for row in carrier.rows("SELECT type, reactions FROM event WHERE reactions = 1")} == {
        "CanarySent"
    }


def test_while_one_is_on_its_way_no_other_is_sent_into_its_queue(carrier):
    send()
    for delivery in carrier.publish():
        if carrier.row(delivery)["queue"] != "payments":
            carrier.deliver(delivery)
    for _ in range(3):
        let_an_interval_pass(carrier)
        assert send() == len(QUEUES) - 1
        for delivery in carrier.publish():
            carrier.deliver(delivery)
    assert carrier.rows("SELECT state FROM delivery WHERE queue = 'payments'") == [{"state": "published"}]


def test_many_beats_send_as_many_as_one(carrier, chosen):
    chosen(CANARY_SECONDS="3600")
    with ThreadPoolExecutor(8) as threads:
        sent = list(threads.map(lambda _: send(), range(24)))
    assert sum(sent) == len(QUEUES)
    carry_all(carrier)
    assert send() == 0


def test_they_do_not_grow_for_ever_and_the_last_that_came_through_stays(carrier, events):
    kept = carrier.record(events.Noted)
    assert carrier.carry(kept) == "ended"
    for _ in range(6):
        let_an_interval_pass(carrier)
        assert send() == len(QUEUES)
        carry_all(carrier)
    assert rows(carrier) == dict.fromkeys(("event", "delivery", "delivery_attempt"), 2 * len(QUEUES) + 1)
    assert None not in ages().values()
    assert carrier.state(kept) == "done"


def test_one_whose_worker_dies_again_and_again_is_no_dead_letter(carrier):
    send()
    for _ in range(50):
        carrier.owner.execute("UPDATE delivery SET available_at = now() WHERE state = 'retry'")
        for delivery in carrier.publish():
            carrier.owner.execute("UPDATE delivery SET published_at = published_at - interval '1 h'")
            with session_scope() as session:
                lose(session, delivery, worker="w", error="killed")
    assert {row["state"] for row in carrier.rows("SELECT state FROM delivery")} == {"retry"}
    assert carrier.deaths() == []
    with session_scope() as session:
        assert dead_letters.find(session, Filter()) == []


def test_nothing_but_canaries_can_be_purged(carrier, events):
    for _ in range(3):
        assert carrier.carry(carrier.record(events.Noted)) == "ended"
    before = rows(carrier)
    with session_scope() as session:
        assert session.scalar(text("SELECT purge_canaries()")) == 0
    assert rows(carrier) == before
