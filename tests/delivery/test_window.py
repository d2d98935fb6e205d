"""The window: of each queue only so many are in the broker at a time; the rest waits where it can be seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from app.infra.db import session_scope
from app.infra.outbox.claim import claim


def test_no_more_than_the_window_is_published(carrier, events, chosen):
    chosen(RELAY_WINDOW="3")
    written = [carrier.record(events.Noted) for _ in range(5)]
    assert sorted(carrier.publish()) == sorted(written[:3])
    assert carrier.publish() == []
    carrier.deliver(written[0])
    assert carrier.publish() == [written[3]]


def test_what_runs_takes_a_place(carrier, events, chosen):
    chosen(RELAY_WINDOW="1")
    first, _ = carrier.record(events.Called), carrier.record(events.Called)
    assert carrier.publish() == [first]
    with session_scope() as session:
        claim(session, first, "w")
    assert carrier.publish() == []


def test_what_waits_for_its_next_try_takes_none(carrier, events, chosen):
    chosen(RELAY_WINDOW="1")
    first, second = carrier.record(events.Noted, how="wait"), carrier.record(events.Noted)
    carrier.publish()
    assert carrier.deliver(first) == "retried"
    assert carrier.publish() == [second]


def test_a_full_queue_does_not_hold_up_another(carrier, events, chosen):
    chosen(RELAY_WINDOW="1")
    notes = [carrier.record(events.Noted) for _ in range(3)]
    call = carrier.record(events.Called)
    assert sorted(carrier.publish()) == sorted([notes[0], call])


def test_many_relays_at_once_take_each_delivery_once(carrier, events):
    written = [carrier.record(events.Noted) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        taken = [delivery for one in pool.map(lambda _: carrier.publish(), range(4)) for delivery in one]
    assert sorted(taken) == sorted(written)


def test_the_oldest_goes_first(carrier, events, chosen):
    chosen(RELAY_WINDOW="1")
    written = [carrier.record(events.Noted) for _ in range(4)]
    taken = []
    while due := carrier.publish():
        taken += due
        carrier.deliver(due[0])
    assert taken == written
