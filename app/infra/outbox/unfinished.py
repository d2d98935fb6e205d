"""Whether work is on its way already, for those who would only repeat it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, exists, literal, text

from app.infra.outbox.reactions import order_of
from app.infra.outbox.tables import Delivery
from app.kernel.events import Event

# As it is: only so does the partial index serve.
_IS_UNFINISHED = text("delivery.state IN ('pending', 'published', 'running', 'retry')")


def is_on_its_way(event_type: type[Event], thing_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Tell, in SQL, whether an event of this kind about a thing would have to wait for work that is unfinished."""
    key = literal(f"{order_of(event_type)}:") + cast(thing_id, Text)
    return exists().where(Delivery.ordering_key == key, _IS_UNFINISHED)
