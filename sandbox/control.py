"""The control page: what the outside world knows, and buttons for what it can be made to do. No JavaScript."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound

from sandbox.clock import ClockRefusedError
from sandbox.faults.catalogue import KINDS, InvalidOrderError
from sandbox.konnect import paypage
from sandbox.konnect.payments import LinkExpiredError, UnknownPaymentError
from sandbox.refusals import refusal_page
from sandbox.world import world

blueprint = Blueprint("control", __name__)

SHOWN = 50
"""Payments, and mails, on the page: the newest."""

MOST_MINUTES = 525_600
"""Minutes: the farthest that one click moves the clock, a year."""

WHOLE_NUMBERS = ("count", "amount", "copies", "megabytes")


@blueprint.get("/")
def overview() -> str:
    """Everything on one page."""
    here = world()
    return render_template(
        "control.html",
        now=here.clock.now(),
        clock=here.clock,
        payments=here.payments.newest(SHOWN),
        mails=here.mailbox.newest(limit=SHOWN),
        faults=here.faults.listed(),
        kinds=KINDS.values(),
    )


@blueprint.post("/control/payments/<ref>/<what>")
def click(ref: str, what: str) -> Response:
    """The payer's click (`pay`, `fail`, `late`), or one more call of the webhook (`webhook`)."""
    here = world()
    if what == "webhook":
        here.webhooks.call_soon(here.payments.get(ref))
    elif what in {"pay", "late"}:
        paypage.pay(here, paypage.Click(ref, late=what == "late", part=None))
    elif what == "fail":
        paypage.fail(here, paypage.Click(ref, late=False, part=None))
    else:
        raise NotFound
    return back("payments")


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
    minutes = request.form.get("minutes", "")
    if not (minutes.isascii() and minutes.isdigit() and 1 <= int(minutes[:9]) <= MOST_MINUTES):
        return refusal_page(422, f"minutes must be a whole number from 1 to {MOST_MINUTES}")
    world().clock.advance(int(minutes) * 60)
    return back("clock")


def read_form(form: MultiDict[str, str]) -> dict[str, Any]:
    """The order that a form describes: an empty field was not given, `count` empty or `endless` is endless."""
    order: dict[str, Any] = {name: value for name, value in form.items() if value != ""}
    for name in WHOLE_NUMBERS:
        if order.get(name, "").isdecimal():
            order[name] = int(order[name])
    if "seconds" in order:
        order["seconds"] = _number(order["seconds"])
    return order | {"count": order.get("count")}


def back(section: str) -> Response:
    """To the control page, where the person came from."""
    return make_response(redirect(url_for("control.overview", _anchor=section), 303))


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


@blueprint.errorhandler(UnknownPaymentError)
def unknown_payment(_error: UnknownPaymentError) -> Response:
    """The payment was forgotten meanwhile."""
    return refusal_page(404, "There is no payment with this reference.")


@blueprint.errorhandler(LinkExpiredError)
def link_expired(_error: LinkExpiredError) -> Response:
    """Pay was clicked too late."""
    return refusal_page(410, "This link has expired; the button Late pays it all the same.")


@blueprint.errorhandler(InvalidOrderError)
def refuse_order(error: InvalidOrderError) -> Response:
    """The form describes no fault."""
    return refusal_page(422, str(error))


@blueprint.errorhandler(ClockRefusedError)
def clock_refused(error: ClockRefusedError) -> Response:
    """The clock was not moved."""
    return refusal_page(409, str(error))
