"""Every row of the table of deliveries is taken: by relays, workers that live and die, and operators.

The table is obeyed by SQL statements, not by `transition`: nothing but what the database saw can tell.
"""

from __future__ import annotations

from app.infra.db import session_scope
from app.infra.outbox import dead_letters, publish
from app.infra.outbox.claim import lose
from app.infra.outbox.states import DELIVERY
from tests.witness import watching

WALKED = (DELIVERY,)


def fail_once_then_succeed(carrier, events):
    delivery = carrier.record(events.Called, how="fail")
    carrier.carry(delivery)
    carrier.owner.execute("DELETE FROM behaviour")
    carrier.carry(delivery)
    return carrier.state(delivery)


def come_back_from_the_broker(carrier, events):
    delivery = carrier.record(events.Noted)
    with session_scope() as session:
        publish.withdraw(session, carrier.publish())
    return carrier.state(delivery)


def lose_the_worker_in_its_own_transaction(carrier, events):
    """The claim was rolled back with the worker: the delivery is published still."""
    delivery, ends = carrier.record(events.Noted), []
    for _ in range(3):
        carrier.owner.execute("UPDATE delivery SET available_at = now() WHERE id = %s", [delivery])
        carrier.publish()
        with session_scope() as session:
            lose(session, delivery, worker="host:1", error="killed")
        ends.append(carrier.state(delivery))
    return ends


def die_and_be_replayed_and_given_up(carrier, events):
    delivery = carrier.record(events.Called, how="never")
    carrier.carry(delivery)
    with session_scope() as session:
        dead_letters.replay(session, delivery)
    carrier.carry(delivery)
    with session_scope() as session:
        dead_letters.discard(session, delivery, reason="It can never succeed.", actor=None)
    return carrier.state(delivery)


def test_every_row_is_taken_and_nothing_else(carrier, events):
    with watching(carrier.owner, *WALKED) as witness:
        assert fail_once_then_succeed(carrier, events) == "done"
        assert come_back_from_the_broker(carrier, events) == "pending"
        assert lose_the_worker_in_its_own_transaction(carrier, events) == ["retry", "retry", "dead"]
        assert die_and_be_replayed_and_given_up(carrier, events) == "discarded"
        witness.check()
