"""Rescue: what the broker lost is sent again, what a dead worker held is freed, and nothing breeds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.infra.config import settings
from app.infra.db import session_scope
from app.infra.outbox import canaries, publish
from app.infra.outbox.claim import claim


def take(delivery):
    with session_scope() as session:
        return claim(session, delivery, "host:1")


def test_what_was_published_and_never_started_is_sent_again(carrier, events):
    delivery = carrier.record(events.Noted)
    carrier.publish()
    carrier.backdate("published_at")
    assert carrier.rescue() == 1
    assert (carrier.state(delivery), carrier.row(delivery)["rescues"]) == ("pending", 1)
    assert carrier.publish() == [delivery]
    assert carrier.deliver(delivery) == "ended"


def test_what_was_published_a_moment_ago_is_left_alone(carrier, events):
    carrier.record(events.Noted)
    carrier.publish()
    assert carrier.rescue() == 0


def test_patience_doubles_so_that_a_long_queue_is_not_filled_with_copies(carrier, events):
    delivery = carrier.record(events.Noted)
    patience = settings().published_patience_seconds
    for rescues, doubled in enumerate([1, 2, 4, 8, 16, 16, 16]):
        assert carrier.publish() == [delivery]
        carrier.backdate("published_at", patience * doubled - 600)
        assert carrier.rescue() == 0
        carrier.backdate("published_at", 601)
        assert carrier.rescue() == 1
        assert carrier.row(delivery)["rescues"] == rescues + 1


def test_canaries_are_few_and_are_sent_again_each_time(carrier):
    """Health judges by them: were they waited for so long, it would go on telling of an absence that is over."""
    with session_scope() as session:
        sent = canaries.send(session)
    for _ in range(6):
        assert len(carrier.publish()) == sent
        carrier.backdate("published_at")
        assert carrier.rescue() == sent


def test_patience_begins_anew_with_each_try(carrier, events):
    """What was started has come through its queue: how long that took says nothing of the next time."""
    delivery = carrier.record(events.Called, how="fail")
    patience = settings().published_patience_seconds
    for _ in range(2):
        carrier.backdate("available_at", 60)
        assert carrier.publish() == [delivery]
        carrier.backdate("published_at", patience + 1)
        assert carrier.rescue() == 1
        assert carrier.carry(delivery) == "retried"


def test_a_lost_lease_is_freed_and_its_attempt_is_on_record(carrier, events):
    delivery = carrier.record(events.Called)
    carrier.publish()
    take(delivery)
    assert carrier.rescue() == 0
    carrier.backdate("lease_until")
    assert carrier.rescue() == 1
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"], row["lease_until"]) == ("retry", 1, 2, None)
    [attempt] = carrier.attempts(delivery)
    assert (attempt["outcome"], attempt["worker"]) == ("lost", "host:1")
    assert "lease ran out" in attempt["error"]
    assert carrier.carry(delivery) == "ended"


def test_work_that_loses_its_lease_again_and_again_is_dead_after_its_tries(carrier, events):
    delivery = carrier.record(events.Called)
    for _ in range(3):
        assert delivery in carrier.publish()
        take(delivery)
        carrier.backdate("lease_until")
        carrier.rescue()
    row = carrier.row(delivery)
    assert (row["state"], row["attempts"], row["attempts_left"]) == ("dead", 3, 0)
    assert row["finished_at"] is not None
    assert [attempt["outcome"] for attempt in carrier.attempts(delivery)] == ["lost"] * 3
    assert [death["payload"] for death in carrier.deaths()] == [{"delivery_id": str(delivery)}]


def test_many_rescuers_at_once_free_each_delivery_once(carrier, events):
    for event in (events.Noted, events.Called) * 10:
        carrier.record(event)
    for delivery in carrier.publish()[:10]:
        take(delivery)
    carrier.backdate("published_at")
    carrier.backdate("lease_until")
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: carrier.rescue(), range(4))) == 20
    assert {row["rescues"] for row in carrier.rows("SELECT rescues FROM delivery WHERE state = 'pending'")} == {1}
    assert len(carrier.rows("SELECT n FROM delivery_attempt")) == 10


def test_what_a_worker_has_in_its_hands_is_not_rescued_from_it(carrier, events):
    """Claim and work are one transaction: from outside the delivery still stands as published."""
    delivery = carrier.record(events.Noted)
    carrier.publish()
    with session_scope() as session:
        claim(session, delivery, "w")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(_rescue_impatiently).result() == 0


def _rescue_impatiently():
    with session_scope() as session:
        found = session.execute(publish._RESCUE_PUBLISHED, {"patience": -1, "doublings": 0, "canary": ""}).all()
        session.rollback()
    return len(found)


def test_what_the_broker_did_not_take_is_taken_back_and_has_waited_since_it_was_due(carrier, events):
    delivery = carrier.record(events.Noted)
    due = carrier.row(delivery)["available_at"]
    carrier.publish()
    with session_scope() as session:
        publish.withdraw(session, [delivery])
    assert (carrier.state(delivery), carrier.row(delivery)["available_at"]) == ("pending", due)
    assert carrier.publish() == [delivery]


@pytest.mark.parametrize("state", ["running", "done", "dead"])
def test_what_went_on_meanwhile_is_not_taken_back(carrier, events, state):
    delivery = carrier.record(events.Noted)
    carrier.owner.execute("UPDATE delivery SET state = %s", [state])
    with session_scope() as session:
        publish.withdraw(session, [delivery])
    assert carrier.state(delivery) == state
