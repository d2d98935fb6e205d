"""Reactions to events about payments that need the gateway: called by tasks, outside any transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.gateways.psp.base import GatewayRefused, NotKnownYet, UnknownReference
from app.kernel.errors import Failure, TransientFailure, UnknownOutcome
from app.payments import rules, service

#: What to record of a call, in the transaction that ends the delivery.
Outcome = Callable[[Session], None]


def ask_for_link(request: service.CheckoutRequest) -> Outcome:
    """Ask the gateway for a pay link and return what to record; a failure that surely did nothing is raised."""
    payment_id = request.payment.order_id
    try:
        link = router.gateway(request.gateway).create_payment(request.payment)
    except UnknownOutcome:
        return partial(service.record_lost_link, payment_id=payment_id)
    except GatewayRefused:
        return partial(service.record_refusal, payment_id=payment_id)
    return partial(service.record_link, payment_id=payment_id, link=link)


def look_at(payment: service.PaymentToLookAt, *, tries: int) -> Outcome | None:
    """Fetch a payment, for the first time or after so many tries: the gateway's word is the truth.

    None where a ping named one that the gateway does not know, however often it is asked. A failure is raised, and the
    look is tried again; a poll is left to the next one after some tries. An attempt that still waits for its payer when
    the polls are over ends with them: nobody could ask about it for a day.
    """
    try:
        snapshot = router.gateway(payment.gateway).fetch_payment(payment.payment_ref)
    except Failure as failure:
        if isinstance(failure, UnknownReference) and not payment.is_bound:
            if tries < rules.LOOK_TRIES:
                raise NotKnownYet(str(failure)) from failure
            return None  # anybody who saw the webhook's address can write a reference: that is no reason for an alarm
        if rules.is_left_to_the_next_poll(failure, is_followed=payment.is_followed, tries=tries):
            return None
        is_over = tries >= rules.LOOK_TRIES or not isinstance(failure, TransientFailure)
        if payment.is_live and payment.is_last and is_over:
            return partial(service.record_silence, payment_id=payment.payment_id)
        raise
    return partial(
        service.settle,
        payment_id=payment.payment_id,
        snapshot=snapshot,
        had_expired=payment.has_expired,
        is_last=payment.is_last,
    )
