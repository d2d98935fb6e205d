"""The payer's click on a pay page: what it does to the payment, and that the merchant hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults.orders import Occasion
from sandbox.konnect.payments import Payment
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class Click:
    """Which payment, and how it is paid.

    `late` takes a link past its expiry; `part` pays so many minor units and leaves the rest due.
    """

    ref: str
    late: bool = False
    part: int | None = None


def pay(here: World, click: Click) -> Payment:
    """Pay, and announce it to the merchant; paying a completed payment does neither.

    Raises `UnknownPaymentError`, `LinkExpiredError`, `PartRefusedError`.
    """
    late = _is_late_allowed(here, click)
    payment, changed = here.payments.pay(click.ref, here.clock.now(), click.part, late=late)
    if changed:
        here.webhooks.announce(payment)
    return payment


def fail(here: World, click: Click) -> Payment:
    """Refuse the payer's card. Konnect documents no call of the webhook for that, so none is made.

    Raises `UnknownPaymentError`, `LinkExpiredError`.
    """
    return here.payments.fail(click.ref, here.clock.now(), late=_is_late_allowed(here, click))


def _is_late_allowed(here: World, click: Click) -> bool:
    """Late because the click says so, or because a fault on order lets this one through."""
    payment = here.payments.get(click.ref)
    if click.late or payment.status == "completed" or not payment.is_expired(here.clock.now()):
        return click.late
    occasion = Occasion(order_id=payment.terms.order_id, payment_ref=payment.ref)
    return here.faults.take("late_payment", occasion) is not None
