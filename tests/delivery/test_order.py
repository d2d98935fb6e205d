"""Order: under one key one delivery at a time, the older first, whatever happens to it; other keys do not wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from app.infra.db import session_scope
from app.infra.outbox import dead_letters
from app.infra.outbox.claim import claim
from app.kernel.ids import new_id


@pytest.fixture
def moves(carrier, events):
    """Return three deliveries about one thing, in order, and the thing."""
    thing = new_id()
    return [carrier.record(events.Moved, thing) for _ in range(3)], thing


def take(delivery):
    with session_scope() as session:
        return claim(session, delivery, "w")


def test_the_younger_wait_until_the_older_is_done(carrier, moves):
    (first, second, third), _ = moves
    for next_one in (first, second, third):
        assert carrier.publish() == [next_one]
        assert carrier.publish() == []
        assert carrier.deliver(next_one) == "ended"
    assert carrier.effects() == ["moved"] * 3


def test_the_younger_wait_while_the_older_waits_for_its_next_try(carrier, moves):
    (first, second, _), thing = moves
    carrier.tell(thing, "wait")
    carrier.publish()
    assert carrier.deliver(first) == "retried"
    assert carrier.publish() == []
    carrier.tell(thing, "fine")
    assert carrier.carry(first) == "ended"
    assert carrier.publish() == [second]


def test_a_dead_delivery_does_not_hold_up_the_younger(carrier, moves):
    (first, second, _), thing = moves
    carrier.tell(thing, "never")
    carrier.publish()
    carrier.deliver(first)
    assert carrier.state(first) == "dead"
    assert second in carrier.publish()


def test_another_key_does_not_wait(carrier, events, moves):
    (first, _, _), _ = moves
    other = carrier.record(events.Moved)
    assert set(carrier.publish()) == {first, other}


def test_deliveries_without_a_key_do_not_wait(carrier, events):
    thing = new_id()
    written = [carrier.record(events.Noted, thing) for _ in range(3)]
    assert set(carrier.publish()) == set(written)


def test_what_is_replayed_waits_for_what_is_on_its_way(carrier, moves):
    """The replayed one is older: order alone would send it beside the younger, and both would run at once."""
    (first, second, _), thing = moves
    carrier.tell(thing, "never")
    carrier.publish()
    carrier.deliver(first)
    carrier.tell(thing, "fine")
    assert second in carrier.publish()
    with session_scope() as session:
        dead_letters.replay(session, first)
    assert carrier.publish() == []
    carrier.deliver(second)
    assert carrier.publish() == [first]


def test_two_messages_under_one_key_never_run_at_once(carrier, moves):
    """However they came to be in the broker together: the claim refuses the second."""
    (first, second, _), _ = moves
    carrier.owner.execute("UPDATE delivery SET state = 'published', published_at = now()")
    assert take(first) is not None
    assert take(second) is None
    assert (carrier.state(second), carrier.row(second)["attempts"]) == ("published", 0)


def test_of_many_messages_under_one_key_at_once_one_runs(carrier, moves):
    deliveries, _ = moves
    carrier.owner.execute("UPDATE delivery SET state = 'published', published_at = now()")

    def try_to(delivery):
        try:
            return take(delivery)
        except IntegrityError:  # of two claims in the same moment the index lets one through
            return None

    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(try_to, deliveries))
    running = carrier.rows("SELECT id FROM delivery WHERE state = 'running'")
    assert len(running) == 1
    assert sum(one is not None for one in taken) == 1


def test_many_relays_at_once_keep_the_order(carrier, events):
    things = [new_id() for _ in range(10)]
    for _ in range(5):
        for thing in things:
            carrier.record(events.Moved, thing)
    with ThreadPoolExecutor(4) as pool:
        taken = [delivery for one in pool.map(lambda _: carrier.publish(), range(4)) for delivery in one]
    oldest = carrier.rows("SELECT DISTINCT ON (ordering_key) id FROM delivery ORDER BY ordering_key, seq")
    assert sorted(taken) == sorted(row["id"] for row in oldest)
