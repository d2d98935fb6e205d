"""Claiming: of all copies of a message one works, and an outcome counts only under the fence it was claimed with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from app.infra.config import settings
from app.infra.db import session_scope
from app.infra.outbox import publish
from app.infra.outbox.claim import FenceLost, claim, fail, finish
from app.kernel.errors import TransientFailure
from app.kernel.ids import new_id
from tests.patience import eventually


def take(delivery, worker="w"):
    with session_scope() as session:
        return claim(session, delivery, worker)


def test_a_claim_counts_the_attempt_and_takes_a_lease_before_the_work(carrier, events):
    delivery = carrier.record(events.Called)
    carrier.publish()
    claimed = take(delivery, "host:1")
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"], row["fence"]) == ("running", 1, 2, 1)
    assert (row["worker"], claimed.attempt, claimed.attempts_left, claimed.fence) == ("host:1", 1, 2, 1)
    lease = timedelta(seconds=settings().lease_seconds)
    assert lease - timedelta(minutes=10) < row["lease_until"] - row["started_at"] <= lease


def test_a_claim_tells_the_fact_and_whose_request_it_came_from(carrier, events):
    thing = new_id()
    delivery = carrier.record(events.Called, thing)
    carrier.publish()
    claimed = take(delivery)
    assert claimed.event() == events.Called(thing_id=thing)
    assert claimed.correlation_id == carrier.rows("SELECT correlation_id FROM event")[0]["correlation_id"]


def test_a_batch_on_its_way_tells_of_each_delivery_the_fact_and_whose_request_it_came_from(carrier, events):
    on_its_way, _ = (carrier.record(events.Noted) for _ in range(2))
    with session_scope() as session:
        told = publish.origins(session, [on_its_way])
    (fact,) = carrier.rows("SELECT correlation_id, id FROM event WHERE id = %s", carrier.row(on_its_way)["event_id"])
    assert told == [(fact["correlation_id"], fact["id"])]


@pytest.mark.parametrize("state", ["pending", "running", "retry", "done", "dead", "discarded"])
def test_only_what_was_published_can_be_taken(carrier, events, state):
    delivery = carrier.record(events.Called)
    carrier.owner.execute("UPDATE delivery SET state = %s", [state])
    assert take(delivery) is None
    assert carrier.row(delivery)["attempts"] == 0


def test_a_message_about_nothing_is_dropped(carrier, events):
    assert take(new_id()) is None


@pytest.mark.parametrize("event", ["Noted", "Called"])
def test_a_duplicate_message_is_dropped(carrier, events, event):
    delivery = carrier.record(getattr(events, event))
    carrier.publish()
    assert [carrier.deliver(delivery) for _ in range(3)] == ["ended"] * 3
    assert len(carrier.effects()) == 1
    assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["done"]


@pytest.mark.parametrize("event", ["Noted", "Called"])
def test_of_two_copies_at_once_one_works(carrier, events, event):
    for _ in range(5):
        delivery = carrier.record(getattr(events, event))
        carrier.publish()
        start = Barrier(4)

        def run(delivery=delivery, start=start):
            start.wait()
            return carrier.worker.tasks[carrier.row(delivery)["task"]](str(delivery))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: run(), range(4)))
        assert carrier.state(delivery) == "done"
        assert carrier.row(delivery)["attempts"] == 1
    assert len(carrier.effects()) == 5


def test_an_outcome_under_an_old_fence_is_refused_and_its_effects_are_undone(carrier, events):
    delivery = carrier.record(events.Called)
    carrier.publish()
    slow = take(delivery, "slow")
    carrier.backdate("lease_until")
    assert carrier.rescue() == 1
    carrier.publish()
    quick = take(delivery, "quick")
    with pytest.raises(FenceLost), session_scope() as session:
        events.leave(session, slow.event(), "slow")
        finish(session, slow)
    with session_scope() as session:
        events.leave(session, quick.event(), "quick")
        finish(session, quick)
    assert carrier.effects() == ["quick"]
    assert carrier.state(delivery) == "done"
    assert [(attempt["n"], attempt["outcome"], attempt["worker"]) for attempt in carrier.attempts(delivery)] == [
        (1, "lost", "slow"),
        (2, "done", "quick"),
    ]


def test_a_failure_under_an_old_fence_is_refused_too(carrier, events):
    delivery = carrier.record(events.Called)
    carrier.publish()
    slow = take(delivery)
    carrier.backdate("lease_until")
    carrier.rescue()
    with pytest.raises(FenceLost), session_scope() as session:
        fail(session, slow, TransientFailure("late"))
    assert carrier.state(delivery) == "retry"


def test_a_task_that_lost_its_lease_ends_quietly_and_changes_nothing(carrier, events):
    """The lease runs out while the other side is being asked."""
    thing = new_id()
    delivery = carrier.record(events.Called, thing, how="hang")
    carrier.publish()
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(carrier.deliver, delivery)
        eventually(lambda: carrier.state(delivery) == "running")
        carrier.backdate("lease_until")
        carrier.rescue()
        carrier.tell(thing, "fine")
        assert task.result() == "ended"
    assert carrier.effects() == []
    assert carrier.state(delivery) == "retry"


def test_a_task_whose_failure_comes_too_late_ends_quietly(carrier, events):
    """The outcome is committed already when the task stumbles: there is nothing left to record."""
    delivery = carrier.record(events.Called, how="stumble")
    assert carrier.carry(delivery) == "ended"
    assert carrier.state(delivery) == "done"
    assert carrier.effects() == ["called"]
