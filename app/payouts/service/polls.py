"""Polling: a webhook may never come, and a payout returns to pending only after a look at its expired link."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.infra import outbox
from app.infra.clock import business_now
from app.payouts import queries, rules
from app.payouts.events import PayoutPollDue
from app.payouts.states import LIVE

BATCH = 100


def record_due_polls(session: Session) -> int:
    """Have the links looked at whose time has come; return how many. Any number of sweeps may run at once."""
    now = business_now(session)
    due = queries.lock_due_polls(session, now, BATCH)
    for attempt in due:
        attempt.polls += 1
        unasked = attempt.payment_ref is None  # one look, at its expiry, ends it
        is_live = attempt.status in LIVE
        attempt.next_poll_at = (
            None if unasked else rules.next_poll(now, attempt.polls, attempt.expires_at, is_live=is_live)
        )
        outbox.record(session, PayoutPollDue(attempt_id=attempt.id))
    return len(due)
