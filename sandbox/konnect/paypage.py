"""The page behind a pay link, and the payer's click on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from sandbox.clock import rfc3339
from sandbox.faults.orders import Occasion
from sandbox.konnect.payments import LinkExpiredError, PartRefusedError, Payment, UnknownPaymentError
from sandbox.refusals import refusal_page, wants_html
from sandbox.world import World, world

blueprint = Blueprint("paypage", __name__, url_prefix="/konnect")


@dataclass(frozen=True, slots=True)
class Click:
    """What stands in the query of a pay link: the payment, and how to pay it.

    `late` pays a link past its expiry; `part` pays so many minor units and leaves the rest due.
    """

    ref: str
    late: bool
    part: int | None


@blueprint.get("/pay")
def show() -> Response:
    """The pay page, with a Pay and a Fail button while the link is alive."""
    here, click = world(), read_click()
    return page(here, here.payments.get(click.ref), click)


@blueprint.post("/pay/pay")
def click_pay() -> Response:
    """The payer pays."""
    here, click = world(), read_click()
    return page(here, pay(here, click), click)


@blueprint.post("/pay/fail")
def click_fail() -> Response:
    """The payer's card is refused."""
    here, click = world(), read_click()
    return page(here, fail(here, click), click)


@blueprint.get("/payments")
def list_payments() -> Response:
    """All payments, newest first; `?order_id=` for those of one order, `?limit=` for so many."""
    limit = request.args.get("limit")
    if limit is not None and not (limit.isascii() and limit.isdigit()):
        return refusal_page(422, "limit must be a whole number")
    found = world().payments.newest(int(limit) if limit else None, request.args.get("order_id"))
    return jsonify(items=[summary(payment) for payment in found])


def pay(here: World, click: Click) -> Payment:
    """Pay, and announce it to the merchant; paying a completed payment does neither."""
    late = _is_late_allowed(here, click)
    payment, changed = here.payments.pay(click.ref, here.clock.now(), click.part, late=late)
    if changed:
        here.webhooks.announce(payment)
    return payment


def fail(here: World, click: Click) -> Payment:
    """A failed try. Konnect documents no call of the webhook for it, so none is made."""
    return here.payments.fail(click.ref, here.clock.now(), late=_is_late_allowed(here, click))


def read_click() -> Click:
    """The query of the pay link; raises `PartRefusedError` for a part that is not a whole number."""
    part = request.args.get("partial")
    if part is not None and not (part.isascii() and part.isdigit() and len(part) < 20):
        raise PartRefusedError("partial must be a whole number of minor units")
    return Click(
        ref=request.args.get("payment_ref", ""),
        late=request.args.get("late") == "1",
        part=None if part is None else int(part),
    )


def page(here: World, payment: Payment, click: Click) -> Response:
    """What the payer sees now; JSON for whoever asks for it."""
    if not wants_html():
        return jsonify(summary(payment))
    expired = here.clock.now() >= payment.expires_at and not click.late
    query = urlencode(request.args.items(multi=True))
    return make_response(render_template("pay.html", payment=payment, expired=expired, query=query))


def summary(payment: Payment) -> dict[str, Any]:
    """A payment as the list shows it, with the calls of its webhook."""
    terms = payment.terms
    return {
        "payment_ref": payment.ref,
        "order_id": terms.order_id,
        "status": payment.status,
        "amount": terms.amount,
        "reached_amount": payment.reached_amount,
        "token": terms.token,
        "receiver_wallet": terms.receiver_wallet,
        "webhook": terms.webhook,
        "created_at": rfc3339(payment.created_at),
        "expires_at": rfc3339(payment.expires_at),
        "webhook_calls": [
            {"at": rfc3339(call.at), "status": call.status, "error": call.error} for call in payment.webhook_calls
        ],
    }


def _is_late_allowed(here: World, click: Click) -> bool:
    """Late because the click says so, or because a fault on order lets this one through."""
    payment = here.payments.get(click.ref)
    if click.late or here.clock.now() < payment.expires_at:
        return click.late
    occasion = Occasion(order_id=payment.terms.order_id, payment_ref=payment.ref)
    return here.faults.take("late_payment", occasion) is not None


@blueprint.errorhandler(UnknownPaymentError)
def unknown_payment(_error: UnknownPaymentError) -> Response:
    """404 for a reference that nobody has."""
    return refusal_page(404, "There is no payment with this payment_ref.")


@blueprint.errorhandler(LinkExpiredError)
def link_expired(_error: LinkExpiredError) -> Response:
    """410 for a click past the expiry."""
    return refusal_page(410, "This link has expired. (Add late=1 to the query to pay it all the same.)")


@blueprint.errorhandler(PartRefusedError)
def part_refused(error: PartRefusedError) -> Response:
    """422 for a part that cannot be paid."""
    return refusal_page(422, str(error))
