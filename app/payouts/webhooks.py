"""Pings about payout links: kept, answered at once, believed never (the link is fetched by a task)."""

from __future__ import annotations

from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.payouts import service
from app.payouts.errors import NoSuchLink
from app.web.access import public
from app.web.blueprint import room_blueprint
from app.web.pages import page
from app.web.promises import LOCATION, TEXT, refuses
from app.web.transaction import request_scope

blp = room_blueprint("payout-links", "Pings of payment gateways about payouts.")

LATER = "This page shows what we know now. You may close it and go back to the list of payouts."


@blp.route("/webhooks/konnect-payout/<uuid:attempt_id>/<mac>", methods=["GET", "POST"])
@public("Konnect signs nothing; the MAC in the path says only which link to look at")
@blp.alt_response(303, description="A browser is sent to a page that shows our state only", headers=LOCATION)
@blp.response(200, description="The hint was taken")
@refuses(NoSuchLink)
def konnect_payout_ping(attempt_id: UUID, mac: str) -> BaseResponse:
    """Take a hint that a link was paid. The payer's browser may bring it too: it is sent on to the result page."""
    with request_scope() as session:
        if request.method == "HEAD":  # link previews look with HEAD: that is no hint
            service.check_ping(session, "konnect", attempt_id, mac)
        else:
            service.receive_ping(session, "konnect", attempt_id, mac, request.args.to_dict())
    if "text/html" in request.headers.get("Accept", ""):
        return redirect(url_for("payout-links.show_result", attempt_id=attempt_id), 303)
    return Response(status=200)


@blp.route("/payout-links/<uuid:attempt_id>/result", methods=["GET"])
@public("the payer's browser comes back here from the gateway; the page shows a status and nothing else")
@blp.response(200, TEXT, content_type="text/html", description="A small page")
@refuses(NoSuchLink)
def show_result(attempt_id: UUID) -> Response:
    """Show the payer where a link stands, by our own state."""
    with request_scope() as session:
        status = service.show_attempt_status(session, attempt_id)
    return page("Payout", f"Payout link: {status.replace('_', ' ')}", LATER)
