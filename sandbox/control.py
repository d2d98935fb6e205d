"""The control page: what the outside world knows, and buttons for what it can be made to do. No JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from sandbox.clock import ClockRefusedError
from sandbox.faults.catalogue import KINDS, InvalidOrderError
from sandbox.konnect import clicks
from sandbox.konnect.payments import LinkExpiredError, UnknownPaymentError
from sandbox.reading import whole_number
from sandbox.refusals import refusal_page
from sandbox.world import world

blueprint = Blueprint("control", __name__)

SHOWN = 50
"""Payments, mails, accounts and events on the page: the newest."""

LARGEST_SHOWN = 100_000
"""Bytes of an attachment that can be saved from the page; a larger one is only named, or the page would swell."""

MOST_MINUTES = 525_600
"""Minutes: the farthest that one click moves the clock, a year."""

WHOLE_NUMBERS = {"count", "amount", "copies", "megabytes", "status", "polls"}


@blueprint.get("/")
def overview() -> str:
    """Show everything on one page."""
    here = world()
    return render_template(
        "control.html",
        now=here.clock.now(),
        clock=here.clock,
        payments=here.payments.newest(SHOWN),
        mails=here.mailbox.newest(limit=SHOWN),
        connected=here.grants.connected()[:SHOWN],
        events=here.events.listed(deleted=True)[-SHOWN:],
        faults=here.faults.listed(),
        kinds=KINDS.values(),
        largest_shown=LARGEST_SHOWN,
    )


@blueprint.post("/control/payments/<ref>/<what>")
def click(ref: str, what: str) -> Response:
    """Click for the payer (`pay`, `fail`, `late`), or call the webhook once more (`webhook`)."""
    here = world()
    match what:
        case "pay":
            clicks.pay(here, clicks.Click(ref))
        case "late":
            clicks.pay(here, clicks.Click(ref, late=True))
        case "fail":
            clicks.fail(here, clicks.Click(ref))
        case "webhook":
            here.webhooks.call_soon(here.payments.get(ref))
        case _:
            raise NotFound
    return back("payments")


@blueprint.post("/control/google/withdraw")
def withdraw() -> Response:
    """Withdraw, for the person, what an account has allowed: all its tokens are dead."""
    world().grants.withdraw(request.form.get("email", ""))
    return back("google")


@blueprint.post("/control/faults")
def order_fault() -> Response:
    """Order the fault that the form describes."""
    world().faults.order(read_form(request.form))
    return back("faults")


@blueprint.post("/control/faults/end")
def end_faults() -> Response:
    """End the fault that is named, or all."""
    fault_id = request.form.get("id")
    if fault_id:
        world().faults.end(fault_id)
    else:
        world().faults.end_all()
    return back("faults")


@blueprint.post("/control/clock")
def advance_clock() -> Response:
    """Move business time forward by so many minutes."""
    minutes = whole_number(request.form.get("minutes"))
    if minutes is None or not 1 <= minutes <= MOST_MINUTES:
        return refusal_page(422, f"minutes must be a whole number from 1 to {MOST_MINUTES}")
    world().clock.advance(minutes * 60)
    return back("clock")


def read_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """Read the order that a form describes: an empty field was not given, an empty `count` is endless."""
    order: dict[str, Any] = {name: value for name, value in form.items() if value}
    for name in WHOLE_NUMBERS & order.keys():
        number = whole_number(order[name])
        order[name] = order[name] if number is None else number
    if "seconds" in order:
        order["seconds"] = _number(order["seconds"])
    return order | {"count": order.get("count")}


def back(section: str) -> Response:
    """Go to the control page, where the person came from."""
    return make_response(redirect(url_for("control.overview", _anchor=section), 303))


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


@blueprint.errorhandler(UnknownPaymentError)
def unknown_payment(_error: UnknownPaymentError) -> Response:
    """Say that the payment was forgotten meanwhile."""
    return refusal_page(404, "There is no payment with this reference.")


@blueprint.errorhandler(LinkExpiredError)
def link_expired(_error: LinkExpiredError) -> Response:
    """Say that the click came too late."""
    return refusal_page(410, "This link has expired; the button Late pays it all the same.")


@blueprint.errorhandler(InvalidOrderError)
def refuse_order(error: InvalidOrderError) -> Response:
    """Say what in the form describes no fault."""
    return refusal_page(422, str(error))


@blueprint.errorhandler(ClockRefusedError)
def clock_refused(error: ClockRefusedError) -> Response:
    """Say why the clock was not moved."""
    return refusal_page(409, str(error))
