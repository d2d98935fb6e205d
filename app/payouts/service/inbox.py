"""The inbox: a ping that matters is never lost, and a storm of them writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.infra import crypto, metrics, outbox
from app.infra.clock import business_now
from app.payments import rules as payments
from app.payouts import queries
from app.payouts.errors import NoSuchLink
from app.payouts.events import PayoutWebhookReceived
from app.payouts.models import PayoutAttempt
from app.payouts.service.links import WEBHOOK_LABEL, give_up_asking
from app.payouts.states import FINAL, LIVE

#: Where an answer was lost, pings may name several references; more than this wait for nothing but a forger.
MAX_WAITING_PINGS = 5


@dataclass(frozen=True)
class LinkToLookAt:
    """Whom to ask about which link. `is_bound`: the gateway gave us the reference itself.

    `has_expired`: the link's time is up before the call. `is_live`: it is polled until the gateway has told of it.
    `is_followed`: this is a poll, and another one will follow.
    """

    attempt_id: UUID
    gateway: str
    payment_ref: str
    is_bound: bool
    is_live: bool
    has_expired: bool
    is_followed: bool


def check_ping(session: Session, gateway: str, attempt_id: UUID, mac: str) -> PayoutAttempt:
    """Return the attempt that a ping is about, writing nothing; raise NoSuchLink for a bad MAC or id."""
    counted_as = f"{gateway}-payout"
    if not crypto.mac_is_valid(WEBHOOK_LABEL, str(attempt_id), mac):
        metrics.WEBHOOKS.add(counted_as, "bad_mac")
        raise NoSuchLink
    attempt = queries.find_attempt(session, attempt_id)
    if attempt is None or attempt.gateway != gateway:
        metrics.WEBHOOKS.add(counted_as, "unknown")
        raise NoSuchLink
    return attempt


def receive_ping(session: Session, gateway: str, attempt_id: UUID, mac: str, query: dict[str, str]) -> None:
    """Keep a gateway's hint that an attempt should be looked at; raise NoSuchLink for a bad MAC or id.

    At most one row waits for an attempt. A ping that finds one waiting, or the attempt final, or that names another
    reference than the bound one, is counted and writes nothing. Where a create answer was lost, the reference is not
    known for sure: then a few may wait, one for each that was named.
    """
    attempt = check_ping(session, gateway, attempt_id, mac)
    named = router.gateway(gateway).parse_webhook(query)
    metrics.WEBHOOKS.add(f"{gateway}-payout", _keep(session, attempt, named))


def prepare_look(session: Session, attempt_id: UUID, ping_id: UUID | None) -> LinkToLookAt | None:
    """Take the ping and return what to fetch; None when there is nothing to ask for.

    The ping is taken before the gateway is asked: one that comes in while we ask must find no row waiting, or the
    very ping that announces the money could be dropped in favour of a look that was too early.
    """
    hinted = queries.take_ping(session, ping_id) if ping_id else None
    attempt = queries.find_attempt(session, attempt_id)
    if attempt is None or attempt.status in FINAL:
        return None
    now = business_now(session)
    lost = payments.may_have_lost_an_answer(attempt.payment_ref, attempt.create_calls)
    wanted = hinted if hinted and lost else attempt.payment_ref
    if wanted is None:
        _end_when_time_is_up(session, attempt_id, now)
        return None
    return LinkToLookAt(
        attempt.id, attempt.gateway, wanted, is_bound=wanted == attempt.payment_ref,
        is_live=attempt.status in LIVE, has_expired=now >= attempt.expires_at,
        is_followed=ping_id is None and attempt.next_poll_at is not None,
    )  # fmt: skip


def _end_when_time_is_up(session: Session, attempt_id: UUID, now: datetime) -> None:
    """End an attempt that never got a link; there is nothing to fetch, so the clock alone decides."""
    payout, attempt = queries.lock_with_payout(session, attempt_id)
    if attempt.payment_ref is None and now >= attempt.expires_at:
        give_up_asking(session, payout, attempt)


def _keep(session: Session, attempt: PayoutAttempt, named: str | None) -> str:
    """Write a ping if it can tell us something, and return what became of it."""
    if attempt.status in FINAL:
        return "final"
    ignored = payments.why_ignored(named, bound_ref=attempt.payment_ref, create_calls=attempt.create_calls)
    if ignored:
        return ignored
    any_may_come = payments.may_have_lost_an_answer(attempt.payment_ref, attempt.create_calls)
    if any_may_come and queries.count_waiting_pings(session, attempt.id) >= MAX_WAITING_PINGS:
        return "too_many"
    # Else it is the bound one that will be looked at, whatever is named.
    ping_id = queries.write_ping(session, attempt.id, named if any_may_come else None)
    if ping_id is None:
        return "waiting"
    outbox.record(session, PayoutWebhookReceived(attempt_id=attempt.id, ping_id=ping_id))
    return "kept"
