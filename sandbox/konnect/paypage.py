"""The page behind a pay link."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from sandbox.konnect import clicks
from sandbox.konnect.listing import summary
from sandbox.konnect.payments import LinkExpiredError, PartRefusedError, Payment, UnknownPaymentError
from sandbox.reading import whole_number
from sandbox.refusals import refusal_page, wants_html
from sandbox.world import world

blueprint = Blueprint("paypage", __name__, url_prefix="/konnect/pay")


@blueprint.get("")
def show() -> Response:
    """Show the pay page, with a Pay and a Fail button while the link is alive."""
    click = read_click()
    return page(world().payments.get(click.ref), click)


@blueprint.post("/pay")
def click_pay() -> Response:
    """Take the payer's money."""
    click = read_click()
    return page(clicks.pay(world(), click), click)


@blueprint.post("/fail")
def click_fail() -> Response:
    """Refuse the payer's card."""
    click = read_click()
    return page(clicks.fail(world(), click), click)


def read_click() -> clicks.Click:
    """Read the query of the pay link: payment_ref, and `late=1` or `partial=<minor units>` where wanted.

    Raises `PartRefusedError` for a part that is not a whole number.
    """
    part = whole_number(request.args.get("partial"))
    if part is None and "partial" in request.args:
        raise PartRefusedError("partial must be a whole number of minor units")
    return clicks.Click(request.args.get("payment_ref", ""), request.args.get("late") == "1", part)


def page(payment: Payment, click: clicks.Click) -> Response:
    """Show what the payer sees now; in JSON to whoever asks for that."""
    if not wants_html():
        return jsonify(summary(payment))
    expired = payment.is_expired(world().clock.now()) and not click.late
    query = urlencode(list(request.args.items(multi=True)))
    return make_response(render_template("pay.html", payment=payment, expired=expired, query=query))


@blueprint.errorhandler(UnknownPaymentError)
def unknown_payment(_error: UnknownPaymentError) -> Response:
    """Answer 404 to a reference that nobody has."""
    return refusal_page(404, "There is no payment with this payment_ref.")


@blueprint.errorhandler(LinkExpiredError)
def link_expired(_error: LinkExpiredError) -> Response:
    """Answer 410 to a click past the expiry."""
    return refusal_page(410, "This link has expired. (Add late=1 to the query to pay it all the same.)")


@blueprint.errorhandler(PartRefusedError)
def part_refused(error: PartRefusedError) -> Response:
    """Answer 422 to a part that cannot be paid."""
    return refusal_page(422, str(error))
