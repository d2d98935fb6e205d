"""All payments of the gateway, for whoever wants to compare its books with theirs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.clock import rfc3339
from sandbox.konnect.payments import Payment
from sandbox.reading import read_limit
from sandbox.world import world

blueprint = Blueprint("listing", __name__, url_prefix="/konnect")


@blueprint.get("/payments")
def list_payments() -> Response:
    """List payments, newest first; `?order_id=` for those of one order, `?limit=` for so many."""
    found = world().payments.newest(read_limit(request.args.get("limit")), request.args.get("order_id"))
    return jsonify(items=[summary(payment) for payment in found])


def summary(payment: Payment) -> dict[str, Any]:
    """Show a payment with the calls of its webhook; amounts in minor units."""
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
