"""GET /payments/{id}, POST /wallet/top-ups, and the page that a payer comes back to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from app.identity.guards import requires
from app.kernel.money import UnsupportedCurrency
from app.payments import errors, service
from app.payments.schemas import PaymentSchema, TopUpRequest
from app.web.access import public
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.idempotent import idempotent
from app.web.pages import page
from app.web.promises import LOCATION, TEXT, refuses
from app.web.transaction import request_scope
from app.web.waiting import answer_when_changed, waits

blp = room_blueprint("payments", "Attempts to pay at a gateway, and money brought into the wallet.")

LATER = "This page shows what we know now. You may close it and go back to where you came from."


@blp.route("/payments/<uuid:payment_id>", methods=["GET"])
@requires(whose="a payment of the caller")
@waits
@blp.response(200, PaymentSchema)
@refuses(errors.NoSuchPayment)
def show_payment(payment_id: UUID) -> service.PaymentView:
    """Show one of the caller's payments; with Prefer: wait=N as soon as its status or pay link changes."""
    payer_id = current_actor().id

    def read() -> service.PaymentView:
        with request_scope() as session:
            return service.show_payment(session, payment_id, payer_id)

    return answer_when_changed(
        read, version=lambda payment: (payment.status, payment.pay_url), rows=lambda payment: [payment.id]
    )


@blp.route("/wallet/top-ups", methods=["POST"])
@requires()
@idempotent
@blp.arguments(TopUpRequest)
@blp.response(201, PaymentSchema, headers=LOCATION)
@refuses(UnsupportedCurrency, errors.AmountNotPayable)
def top_up(body: dict[str, Any]) -> tuple[service.PaymentView, int, dict[str, str]]:
    """Open a payment that brings money into the caller's wallet."""
    with request_scope() as session:
        payment_id = service.open_top_up(session, current_actor().id, body["amount"])
        payment = service.show_payment(session, payment_id, current_actor().id)
    return payment, 201, {"Location": f"/api/v1/payments/{payment_id}"}


@blp.route("/payments/<uuid:payment_id>/result", methods=["GET"])
@public("a payer's browser comes back here from the gateway; the page shows a status and nothing else")
@blp.response(200, TEXT, content_type="text/html", description="A small page")
@refuses(errors.NoSuchPayment)
def show_result(payment_id: UUID) -> Response:
    """Show a person where their payment stands, by our own state."""
    with request_scope() as session:
        status = service.show_payment_status(session, payment_id)
    return page("Payment", f"Payment: {status.replace('_', ' ')}", LATER)
