"""Record facts: the event and one delivery for each task that reacts, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra import traces
from app.infra.correlation import correlation_id
from app.infra.outbox.reactions import Reaction, reactions_of
from app.kernel.events import Event
from app.kernel.ids import new_id

#: The channel on which a sleeping relay is woken.
RELAY_CHANNEL = "amana_relay"

# One round trip. NOTIFY takes a lock that all committing transactions share, so it is sent only while a relay
# sleeps; a relay that falls asleep at this very moment looks again before it does, and wakes after 1 s in any case.
_RECORD = text("""
    WITH fact AS (
        INSERT INTO event (id, type, payload, correlation_id, reactions)
        VALUES (:id, :type, CAST(:payload AS jsonb), :correlation_id, :reactions)
        RETURNING id
    ), work AS (
        INSERT INTO delivery (id, event_id, task, queue, ordering_key, tries, attempts_left, cap_seconds)
        SELECT r.id, fact.id, r.task, r.queue, r.ordering_key, r.tries, r.tries, r.cap_seconds
        FROM fact, jsonb_to_recordset(CAST(:work AS jsonb)) AS r (
            id uuid, task text, queue text, ordering_key text, tries bigint, cap_seconds bigint)
    )
    SELECT pg_notify('amana_relay', '') FROM relay_sleep WHERE sleeping
""")


def record(session: Session, *events: Event) -> None:
    """Write the facts; raise UnknownEvent or NoChoreography when nobody was told who reacts."""
    for event in events:
        record_for(session, event, reactions_of(event))


def record_for(session: Session, event: Event, reactions: Sequence[Reaction]) -> None:
    """Write one fact, and the deliveries of these reactions alone: for `record`, and for canaries."""
    event_id = new_id()
    work = [
        {
            "id": str(new_id()), "task": reaction.task, "queue": reaction.queue,
            "ordering_key": reaction.ordering_key(event), "tries": reaction.tries, "cap_seconds": reaction.cap_seconds,
        }
        for reaction in reactions
    ]  # fmt: skip
    session.flush()  # the rows that the fact is about must be there first
    session.execute(
        _RECORD,
        {
            "id": event_id,
            "type": event.type_name(),
            "payload": json.dumps(event.payload()),
            "correlation_id": correlation_id(),
            "reactions": len(work),
            "work": json.dumps(work),
        },
    )
    traces.mark_event(event_id, event.type_name())
