"""Polling: a webhook may never come, so every attempt is looked at until a day after its link has expired."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.infra import outbox
from app.infra.clock import business_now
from app.payments import queries, rules
from app.payments.events import PollDue

BATCH = 100


def record_due_polls(session: Session) -> int:
    """Have the attempts looked at whose time has come; return how many. Any number of sweeps may run at once."""
    now = business_now(session)
    due = queries.lock_due_polls(session, now, BATCH)
    for payment in due:
        payment.polls += 1
        unasked = payment.payment_ref is None  # one look, at its expiry, ends it
        payment.next_poll_at = None if unasked else rules.next_poll(now, payment.polls, payment.expires_at)
        outbox.record(session, PollDue(payment_id=payment.id))
    return len(due)
