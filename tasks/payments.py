"""What payments do about events: pay links, settlement, the end of attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.infra.db import session_scope
from app.payments import handlers, service
from tasks.delivery import Errand, in_one_transaction, with_outside_calls


@with_outside_calls
def open_checkout(errand: Errand) -> None:
    """Get the pay link of an attempt from its gateway."""
    with session_scope() as session:
        request = service.prepare_checkout(session, errand.event.payment_id)
    if request is None:
        return
    record_outcome = handlers.ask_for_link(request)
    with errand.outcome() as session:
        record_outcome(session)


@with_outside_calls
def settle(errand: Errand) -> None:
    """Look at a payment after a ping or when a poll is due, and do what the gateway's answer asks for."""
    payment_id, ping_id = errand.event.payment_id, getattr(errand.event, "ping_id", None)
    with session_scope() as session:
        wanted = service.prepare_look(session, payment_id, ping_id)
    record_outcome = handlers.look_at(wanted, tries=errand.claimed.attempt) if wanted else None
    if record_outcome is None:
        return
    with errand.outcome() as session:
        record_outcome(session)


@in_one_transaction
def close_attempts(session: Session, event: Any) -> None:
    """End the live attempt of an order that was cancelled."""
    service.cancel_attempts(session, event.order_id)
