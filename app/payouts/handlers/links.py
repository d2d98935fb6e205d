"""What is asked of the gateway about the links of payouts: called by tasks, outside any transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.gateways.psp.base import GatewayRefused, NotKnownYet, UnknownReference
from app.kernel.errors import Failure, UnknownOutcome
from app.payments import rules as payments
from app.payouts import service

#: What to record of a call, in the transaction that ends the delivery.
Outcome = Callable[[Session], None]


def ask_for_link(request: service.LinkRequest) -> Outcome:
    """Ask the gateway for a pay link and return what to record; a failure that surely did nothing is raised."""
    attempt_id = request.payment.order_id
    try:
        link = router.gateway(request.gateway).create_payment(request.payment)
    except UnknownOutcome:
        return partial(service.record_lost_link, attempt_id=attempt_id)
    except GatewayRefused:
        return partial(service.record_refusal, attempt_id=attempt_id)
    return partial(service.record_link, attempt_id=attempt_id, link=link)


def look_at(link: service.LinkToLookAt, *, tries: int) -> Outcome | None:
    """Fetch a link, for the first time or after so many tries: the gateway's word is the truth.

    None where a ping named one that the gateway does not know, however often it is asked. A failure is raised, and the
    look is tried again: a ping of an old link may be the only word of its money; a poll is left to the next one after
    some tries. But of a link that has expired and is polled all the same, that we cannot ask is itself what we know:
    its payout is unknown.
    """
    try:
        snapshot = router.gateway(link.gateway).fetch_payment(link.payment_ref)
    except Failure as failure:
        if isinstance(failure, UnknownReference) and not link.is_bound:
            if tries < payments.LOOK_TRIES:
                raise NotKnownYet(str(failure)) from failure
            return None  # anybody who saw the webhook's address can write a reference
        if link.is_live and link.is_bound and link.has_expired:
            return partial(service.record_silence, attempt_id=link.attempt_id)
        if payments.is_left_to_the_next_poll(failure, is_followed=link.is_followed, tries=tries):
            return None
        raise
    return partial(service.settle, attempt_id=link.attempt_id, snapshot=snapshot, had_expired=link.has_expired)
