"""The operator's side: what died, why, and what a person does about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from app.infra.outbox.states import DeliveryState
from app.infra.outbox.tables import Delivery, DeliveryAttempt, StoredEvent
from app.kernel.errors import InvalidInput, NotFound
from app.kernel.states import IllegalTransition


@dataclass(frozen=True)
class DeadLetter:
    """A delivery with the event that caused it and every attempt that was made."""

    delivery: Delivery
    event: StoredEvent
    attempts: Sequence[DeliveryAttempt]


@dataclass(frozen=True)
class Filter:
    """Which dead letters are meant; what is None does not narrow. `error` is how the last error begins."""

    task: str | None = None
    queue: str | None = None
    event_type: str | None = None
    died_after: datetime | None = None
    error: str | None = None


# Replay keeps the row and its history; only the budget is new. Bound to `dead`, so two operators replay once.
_REPLAY = text("""
    UPDATE delivery SET state = 'pending', attempts_left = tries, rescues = 0, available_at = now(), finished_at = NULL
    WHERE id = ANY(:ids) AND state = 'dead' RETURNING id
""")

_DISCARD = text("""
    UPDATE delivery SET state = 'discarded', discard_reason = :reason, discarded_by = :actor, finished_at = now()
    WHERE id = :id AND state = 'dead' RETURNING id
""")


def find(session: Session, wanted: Filter, *, before_seq: int | None = None, limit: int = 50) -> Sequence[Delivery]:
    """Return dead deliveries, the latest written first."""
    query = select(Delivery).where(Delivery.state == DeliveryState.DEAD).order_by(Delivery.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(Delivery.seq < before_seq)
    return session.scalars(_narrowed(query, wanted)).all()


def show(session: Session, delivery_id: UUID) -> DeadLetter:
    """Return one delivery, dead or not, with all that is known of it; raise NotFound."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return gather(session, [delivery])[0]


def gather(session: Session, deliveries: Sequence[Delivery]) -> list[DeadLetter]:
    """Return deliveries with their events and attempts, in their order: two queries, however many there are."""
    events = select(StoredEvent).where(StoredEvent.id.in_({delivery.event_id for delivery in deliveries}))
    event_of = {event.id: event for event in session.scalars(events)}
    attempts = select(DeliveryAttempt).where(DeliveryAttempt.delivery_id.in_([delivery.id for delivery in deliveries]))
    attempts_of: dict[UUID, list[DeliveryAttempt]] = {delivery.id: [] for delivery in deliveries}
    for attempt in session.scalars(attempts.order_by(DeliveryAttempt.n)):
        attempts_of[attempt.delivery_id].append(attempt)
    return [DeadLetter(found, event_of[found.event_id], attempts_of[found.id]) for found in deliveries]


def replay(session: Session, delivery_id: UUID) -> None:
    """Send a dead delivery again with a fresh budget of attempts; raise IllegalTransition when it is not dead."""
    _only_if_dead(session, delivery_id, session.scalar(_REPLAY, {"ids": [delivery_id]}), "replayed")


def replay_all(session: Session, wanted: Filter, *, limit: int) -> Sequence[UUID]:
    """Send up to `limit` dead deliveries again, the latest first; return those that nobody else sent meanwhile."""
    ids = [delivery.id for delivery in find(session, wanted, limit=limit)]
    return session.scalars(_REPLAY, {"ids": ids}).all()


def discard(session: Session, delivery_id: UUID, *, reason: str, actor: UUID | None) -> None:
    """Give a dead delivery up, and keep why; raise InvalidInput without a reason, IllegalTransition if not dead."""
    if not reason.strip():
        raise InvalidInput("Say why it is given up.", pointer="/reason")
    parameters = {"id": delivery_id, "reason": reason, "actor": actor}
    _only_if_dead(session, delivery_id, session.scalar(_DISCARD, parameters), "discarded")


def _narrowed(query: Select[Delivery], wanted: Filter) -> Select[Delivery]:
    if wanted.task:
        query = query.where(Delivery.task == wanted.task)
    if wanted.queue:
        query = query.where(Delivery.queue == wanted.queue)
    if wanted.event_type:
        query = query.join(StoredEvent).where(StoredEvent.type == wanted.event_type)
    if wanted.died_after:
        query = query.where(Delivery.finished_at >= wanted.died_after)
    if wanted.error:
        last = (DeliveryAttempt.delivery_id == Delivery.id) & (DeliveryAttempt.n == Delivery.attempts)
        query = query.join(DeliveryAttempt, last).where(DeliveryAttempt.error.startswith(wanted.error, autoescape=True))
    return query


def _only_if_dead(session: Session, delivery_id: UUID, changed: UUID | None, what: str) -> None:
    if changed is None:
        state = show(session, delivery_id).delivery.state
        raise IllegalTransition(f"Only a dead delivery can be {what}; this one is {state}.")
