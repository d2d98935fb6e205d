"""The inbox: a ping that matters is never lost, and a storm of them writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.infra import crypto, metrics, outbox
from app.infra.clock import business_now
from app.payments import queries
from app.payments.errors import NoSuchPayment
from app.payments.events import WebhookReceived
from app.payments.service.attempts import WEBHOOK_LABEL, give_up_asking
from app.payments.states import FINAL

#: While no reference is bound, pings may name several; more than this wait for nothing but a forger.
MAX_WAITING_PINGS = 5


@dataclass(frozen=True)
class PaymentToLookAt:
    """Whom to ask about which payment. `is_bound`: the gateway gave us the reference itself."""

    payment_id: UUID
    gateway: str
    payment_ref: str
    is_bound: bool


def receive_ping(session: Session, gateway: str, payment_id: UUID, mac: str, query: dict[str, str]) -> None:
    """Keep a gateway's hint that an attempt should be looked at; raise NoSuchPayment for a bad MAC or id.

    At most one row waits for each attempt and reference. A ping that finds one waiting, or the attempt final, or
    another reference than the bound one, is counted and writes nothing.
    """
    if not crypto.mac_is_valid(WEBHOOK_LABEL, str(payment_id), mac):
        metrics.WEBHOOKS.labels(gateway, "bad_mac").inc()
        raise NoSuchPayment
    payment = queries.find_payment(session, payment_id)
    if payment is None or payment.gateway != gateway:
        metrics.WEBHOOKS.labels(gateway, "unknown").inc()
        raise NoSuchPayment
    hinted = router.gateway(gateway).parse_webhook(query)
    metrics.WEBHOOKS.labels(gateway, _keep(session, payment_id, payment.status, payment.payment_ref, hinted)).inc()


def prepare_look(session: Session, payment_id: UUID, ping_id: UUID | None) -> PaymentToLookAt | None:
    """Take the ping and return what to fetch; None when there is nothing to ask for.

    The ping is taken before the gateway is asked: one that comes in while we ask must find no row waiting, or the
    very ping that announces the money could be dropped in favour of a look that was too early.
    """
    hinted = queries.take_ping(session, ping_id) if ping_id else None
    payment = queries.find_payment(session, payment_id)
    if payment is None or payment.status in FINAL:
        return None
    lost_answers = payment.payment_ref is None or payment.create_calls > 1
    wanted = hinted if hinted and lost_answers else payment.payment_ref
    if wanted is None:
        _end_when_time_is_up(session, payment_id)
        return None
    return PaymentToLookAt(payment.id, payment.gateway, wanted, is_bound=wanted == payment.payment_ref)


def _end_when_time_is_up(session: Session, payment_id: UUID) -> None:
    """End an attempt that never got a link; there is nothing to fetch, so the clock alone decides."""
    payment = queries.lock_payment(session, payment_id)
    if payment.payment_ref is None and business_now(session) >= payment.expires_at:
        give_up_asking(session, payment)


def _keep(session: Session, payment_id: UUID, status: str, bound_ref: str | None, hinted: str | None) -> str:
    if status in FINAL:
        return "final"
    if bound_ref is None and queries.count_waiting_pings(session, payment_id) >= MAX_WAITING_PINGS:
        return "too_many"
    ping_id = queries.write_ping(session, payment_id, hinted)
    if ping_id is None:
        return "waiting"
    outbox.record(session, WebhookReceived(payment_id=payment_id, ping_id=ping_id))
    return "kept"
