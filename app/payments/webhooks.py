"""Pings of gateways: kept, answered at once, believed never (the payment is fetched by a task)."""

from __future__ import annotations

from uuid import UUID

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from app.payments import service
from app.payments.errors import NoSuchPayment
from app.web.access import public
from app.web.blueprint import room_blueprint
from app.web.promises import LOCATION, refuses
from app.web.transaction import request_scope

blp = room_blueprint("webhooks", "Pings of payment gateways.")


@blp.route("/webhooks/konnect/<uuid:payment_id>/<mac>", methods=["GET", "POST"])
@public("Konnect signs nothing; the MAC in the path says only which attempt to look at")
@blp.alt_response(303, description="A browser is sent to a page that shows our state only", headers=LOCATION)
@blp.response(200, description="The hint was taken")
@refuses(NoSuchPayment)
def konnect_ping(payment_id: UUID, mac: str) -> BaseResponse:
    """Take a hint that a payment changed. A payer's browser may bring it too: it is sent on to the result page."""
    with request_scope() as session:
        if request.method == "HEAD":  # link previews look with HEAD: that is no hint
            service.check_ping(session, "konnect", payment_id, mac)
        else:
            service.receive_ping(session, "konnect", payment_id, mac, request.args.to_dict())
    if "text/html" in request.headers.get("Accept", ""):
        return redirect(url_for("payments.show_result", payment_id=payment_id), 303)
    return Response(status=200)
