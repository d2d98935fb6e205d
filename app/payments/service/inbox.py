"""The inbox: a ping that matters is never lost, and a storm of them writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.infra import crypto, metrics, outbox
from app.infra.clock import business_now
from app.payments import queries, rules
from app.payments.errors import NoSuchPayment
from app.payments.events import WebhookReceived
from app.payments.queries import PingedPayment
from app.payments.service.attempts import WEBHOOK_LABEL, give_up_asking
from app.payments.states import FINAL, LIVE

#: Where an answer was lost, pings may name several references; more than this wait for nothing but a forger.
MAX_WAITING_PINGS = 5


@dataclass(frozen=True)
class PaymentToLookAt:
    """Whom to ask about which payment. `is_bound`: the gateway gave us the reference itself.

    `is_live`: it waits for its payer. `has_expired`: the link's time is up before the call. `is_followed`, `is_last`:
    it is a poll, and another one will follow, or none.
    """

    payment_id: UUID
    gateway: str
    payment_ref: str
    is_bound: bool
    is_live: bool
    has_expired: bool
    is_followed: bool
    is_last: bool


def check_ping(session: Session, gateway: str, payment_id: UUID, mac: str) -> PingedPayment:
    """Return the attempt that a ping is about, writing nothing; raise NoSuchPayment for a bad MAC or id."""
    if not crypto.mac_is_valid(WEBHOOK_LABEL, str(payment_id), mac):
        metrics.WEBHOOKS.add(gateway, "bad_mac")
        raise NoSuchPayment
    payment = queries.find_pinged(session, payment_id)
    if payment is None or payment.gateway != gateway:
        metrics.WEBHOOKS.add(gateway, "unknown")
        raise NoSuchPayment
    return payment


def receive_ping(session: Session, gateway: str, payment_id: UUID, mac: str, query: dict[str, str]) -> None:
    """Keep a gateway's hint that an attempt should be looked at; raise NoSuchPayment for a bad MAC or id.

    At most one row waits for an attempt. A ping that finds one waiting, or the attempt final, or that names another
    reference than the bound one, is counted and writes nothing. Where a create answer was lost, the reference is not
    known for sure: then a few may wait, one for each that was named.
    """
    payment = check_ping(session, gateway, payment_id, mac)
    named = router.gateway(gateway).parse_webhook(query)
    metrics.WEBHOOKS.add(gateway, _keep(session, payment, named))


def prepare_look(session: Session, payment_id: UUID, ping_id: UUID | None) -> PaymentToLookAt | None:
    """Take the ping and return what to fetch; None when there is nothing to ask for.

    The ping is taken before the gateway is asked: one that comes in while we ask must find no row waiting, or the
    very ping that announces the money could be dropped in favour of a look that was too early.
    """
    hinted = queries.take_ping(session, ping_id) if ping_id else None
    payment = queries.find_payment(session, payment_id)
    if payment is None or payment.status in FINAL:
        return None
    is_poll = ping_id is None
    lost = rules.may_have_lost_an_answer(payment.payment_ref, payment.create_calls)
    wanted = hinted if hinted and lost else payment.payment_ref
    if wanted is None:
        _end_when_time_is_up(session, payment_id)
        return None
    return PaymentToLookAt(
        payment.id, payment.gateway, wanted, is_bound=wanted == payment.payment_ref,
        is_live=payment.status in LIVE, has_expired=business_now(session) >= payment.expires_at,
        is_followed=is_poll and payment.next_poll_at is not None, is_last=is_poll and payment.next_poll_at is None,
    )  # fmt: skip


def _end_when_time_is_up(session: Session, payment_id: UUID) -> None:
    """End an attempt that never got a link; there is nothing to fetch, so the clock alone decides."""
    payment = queries.lock_payment(session, payment_id)
    if payment.payment_ref is None and business_now(session) >= payment.expires_at:
        give_up_asking(session, payment)


def _keep(session: Session, payment: PingedPayment, named: str | None) -> str:
    """Write a ping if it can tell us something, and return what became of it."""
    if payment.status in FINAL:
        return "final"
    ignored = rules.why_ignored(named, bound_ref=payment.payment_ref, create_calls=payment.create_calls)
    if ignored:
        return ignored
    any_may_come = rules.may_have_lost_an_answer(payment.payment_ref, payment.create_calls)
    if any_may_come and queries.count_waiting_pings(session, payment.id) >= MAX_WAITING_PINGS:
        return "too_many"
    # Else it is the bound one that will be looked at, whatever is named.
    ping_id = queries.write_ping(session, payment.id, named if any_may_come else None)
    if ping_id is None:
        return "waiting"
    outbox.record(session, WebhookReceived(payment_id=payment.id, ping_id=ping_id))
    return "kept"
