"""Single steps of the flow, for tests that stand between them: a worker that died."""

from __future__ import annotations

from uuid import UUID

from app.infra import crypto
from app.infra.db import session_scope
from app.infra.outbox import publish
from app.infra.outbox.claim import claim
from app.payouts import handlers, service
from app.payouts.service.links import WEBHOOK_LABEL
from tests.payouts.world import PayoutWorld


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


def ping(world: PayoutWorld, attempt_id: UUID, reference: str) -> None:
    """Call the webhook of an attempt, as the gateway does."""
    path = f"/api/v1/webhooks/konnect-payout/{attempt_id}/{crypto.mac(WEBHOOK_LABEL, str(attempt_id))}"
    assert world.client.get(path, query_string={"payment_ref": reference}).status_code == 200
