"""Single steps of the flow, for tests that stand between them: a worker that died."""

from __future__ import annotations

from uuid import UUID

from app.infra.db import session_scope
from app.infra.outbox import publish
from app.infra.outbox.claim import claim
from app.payouts import handlers, service


def die_in_the_create_call(attempt_id: UUID) -> None:
    """Do what a worker does until its call is answered, and nothing after that."""
    with session_scope() as session:
        (outgoing,) = publish.take_due(session)
    with session_scope() as session:
        assert claim(session, outgoing.id, "doomed") is not None
    with session_scope() as session:
        request = service.prepare_link(session, attempt_id)
    assert request is not None
    handlers.ask_for_link(request)
