"""Recording: a fact and the work that it causes are written together, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from uuid import UUID

import pytest
from sqlalchemy import event, text

from app.choreography import REACTIONS
from app.infra import outbox
from app.infra.correlation import correlate
from app.infra.db import session_scope
from app.infra.outbox import publish
from app.infra.outbox.reactions import NoChoreography, UnknownEvent
from app.kernel.events import Event
from app.kernel.ids import new_id
from tests.patience import PATIENCE_SECONDS

THING = new_id()


@dataclass(frozen=True, kw_only=True)
class Unheard(Event):
    thing_id: UUID


def test_a_fact_and_its_deliveries_are_written_together(carrier, events):
    with session_scope() as session:
        correlate("checkout-42")
        outbox.record(session, events.Shouted(thing_id=THING))
    [fact] = carrier.rows("SELECT * FROM event")
    assert (fact["type"], fact["payload"], fact["reactions"]) == ("Shouted", {"thing_id": str(THING)}, 2)
    assert fact["correlation_id"] == "checkout-42"
    written = carrier.rows("SELECT * FROM delivery ORDER BY seq")
    assert [(row["task"], row["queue"], row["state"]) for row in written] == [
        ("tests.delivery.probes.note", "maintenance", "pending"),
        ("tests.delivery.probes.call", "calendar", "pending"),
    ]
    assert {row["event_id"] for row in written} == {fact["id"]}
    assert {(row["attempts"], row["attempts_left"], row["tries"], row["cap_seconds"]) for row in written} == {
        (0, 3, 3, 4)
    }


def test_a_rolled_back_transaction_leaves_no_fact(carrier, events):
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        outbox.record(session, events.Noted(thing_id=THING))
        raise ZeroDivisionError
    assert carrier.rows("SELECT * FROM event") == []
    assert carrier.rows("SELECT * FROM delivery") == []


def test_a_fact_to_which_nobody_reacts_is_kept_all_the_same(carrier, events):
    with session_scope() as session:
        outbox.record(session, events.Whispered(thing_id=THING))
    assert [row["reactions"] for row in carrier.rows("SELECT * FROM event")] == [0]
    assert carrier.rows("SELECT * FROM delivery") == []


def test_several_facts_are_written_in_their_order(carrier, events):
    first, second = new_id(), new_id()
    with session_scope() as session:
        outbox.record(session, events.Moved(thing_id=first), events.Moved(thing_id=second))
    keys = [row["ordering_key"] for row in carrier.rows("SELECT * FROM delivery ORDER BY seq")]
    assert keys == [f"moves:{first}", f"moves:{second}"]


def test_several_facts_cost_one_round_trip(carrier, events):
    asked = []
    with session_scope() as session:
        event.listen(session.connection(), "before_cursor_execute", lambda *_: asked.append(1))
        outbox.record(session, *(events.Noted(thing_id=new_id()) for _ in range(5)))
    assert len(carrier.rows("SELECT * FROM delivery")) == 5
    assert len(asked) == 1


def test_a_fact_that_the_choreography_does_not_list_is_refused(carrier):
    with pytest.raises(UnknownEvent, match="Unheard stands in no row"), session_scope() as session:
        outbox.record(session, Unheard(thing_id=THING))
    assert carrier.rows("SELECT * FROM event") == []


def test_without_a_choreography_nothing_is_recorded(carrier, events):
    outbox.install({})
    with pytest.raises(NoChoreography), session_scope() as session:
        outbox.record(session, events.Noted(thing_id=THING))
    outbox.install(REACTIONS)
    assert carrier.rows("SELECT * FROM event") == []


def test_what_the_fact_is_about_is_written_before_it(carrier, events):
    """Pending changes of the session are flushed first: a trigger or foreign key would see them."""
    from app.infra.idempotency import StoredAnswer  # noqa: PLC0415 - any model will do
    from app.kernel.clock import wall_now  # noqa: PLC0415

    with session_scope() as session:
        session.autoflush = False
        session.add(
            StoredAnswer(scope="s", key="k", fingerprint=b"", status=1, headers={}, body=b"", created_at=wall_now())
        )
        outbox.record(session, events.Noted(thing_id=THING))
        assert session.scalar(text("SELECT count(*) FROM idempotency_key")) == 1


def test_a_sleeping_relay_is_woken_and_a_busy_one_is_left_alone(carrier, events):
    """NOTIFY takes a lock that all committing transactions share."""
    carrier.owner.execute("LISTEN amana_relay")
    with session_scope() as session:
        publish.wake(session)
    assert woken(carrier, events) == 0
    with session_scope() as session:
        publish.sleep(session)
    assert woken(carrier, events) == 1


def woken(carrier, events):
    """Record a fact, and count who is woken by its commit."""
    with session_scope() as session:
        outbox.record(session, events.Noted(thing_id=THING))
    carrier.owner.execute("NOTIFY amana_relay, 'the end'")
    heard = iter(carrier.owner.notifies(timeout=PATIENCE_SECONDS))
    return len(list(takewhile(lambda notice: notice.payload != "the end", heard)))


def test_only_who_has_just_said_that_relays_sleep_needs_to_look_once_more(carrier):
    def say(what):
        with session_scope() as session:
            return what(session)

    say(publish.wake)
    assert [say(publish.sleep), say(publish.sleep)] == [True, False]
    say(publish.wake)
    assert say(publish.sleep) is True
