"""Record facts: the event and one delivery for each task that reacts, in the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra import traces
from app.infra.correlation import correlation_id
from app.infra.outbox.reactions import Reaction, reactions_of
from app.kernel.events import Event
from app.kernel.ids import new_id

#: The channel on which a sleeping relay is woken.
RELAY_CHANNEL = "amana_relay"

# One round trip, however many facts. NOTIFY takes a lock that all committing transactions share, so it is sent only
# while a relay sleeps; a relay that falls asleep at this very moment looks again before it does, and wakes after 1 s in
# any case.
RECORD = text("""
    WITH fact AS (
        INSERT INTO event (id, type, payload, correlation_id, reactions)
        SELECT f.id, f.type, f.payload, :correlation_id, f.reactions
        FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f (id uuid, type text, payload jsonb, reactions bigint)
    ), work AS (
        INSERT INTO delivery (id, event_id, task, queue, ordering_key, tries, attempts_left, cap_seconds)
        SELECT r.id, r.event_id, r.task, r.queue, r.ordering_key, r.tries, r.tries, r.cap_seconds
        FROM jsonb_to_recordset(CAST(:work AS jsonb)) AS r (
            id uuid, event_id uuid, task text, queue text, ordering_key text, tries bigint, cap_seconds bigint)
    )
    SELECT pg_notify('amana_relay', '') FROM relay_sleep WHERE sleeping
""")


def record(session: Session, *events: Event) -> None:
    """Write the facts, in their order; raise UnknownEvent or NoChoreography when nobody was told who reacts."""
    record_for(session, [(event, reactions_of(event)) for event in events])


def record_for(session: Session, told: Sequence[tuple[Event, Sequence[Reaction]]]) -> None:
    """Write facts, and the deliveries of these reactions alone: for `record`, and for canaries."""
    facts = [(new_id(), event, reactions) for event, reactions in told]
    session.flush()  # the rows that the facts are about must be there first
    session.execute(
        RECORD,
        {
            "facts": json.dumps([_fact(*fact) for fact in facts]),
            "work": json.dumps(
                [_work(event_id, event, reaction) for event_id, event, reactions in facts for reaction in reactions]
            ),
            "correlation_id": correlation_id(),
        },
    )
    for event_id, event, _ in facts:
        traces.mark_event(event_id, event.type_name())


def _fact(event_id: UUID, event: Event, reactions: Sequence[Reaction]) -> dict[str, Any]:
    return {"id": str(event_id), "type": event.type_name(), "payload": event.payload(), "reactions": len(reactions)}


def _work(event_id: UUID, event: Event, reaction: Reaction) -> dict[str, Any]:
    return {
        "id": str(new_id()), "event_id": str(event_id), "task": reaction.task, "queue": reaction.queue,
        "ordering_key": reaction.ordering_key(event), "tries": reaction.tries, "cap_seconds": reaction.cap_seconds,
    }  # fmt: skip
