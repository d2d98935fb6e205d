"""Konnect's API v2 on the wire: init-payment and get-payment, as documented.

Sources: docs.konnect.network, `api-integration/endpoints/{initiate-payment,get-payment-details,webhook}`. Where those
leave a shape open it is said here: `receiverWallet` carries its id both as `_id` and as `id` (integrations read
either), `expirationDate` is an instant in UTC, `exchangeRate` is millimes per minor unit of the currency.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from werkzeug.exceptions import Unauthorized

from sandbox.clock import rfc3339
from sandbox.faults import answers
from sandbox.faults.orders import Faults, Occasion
from sandbox.konnect.payments import Payment, Transaction, UnknownPaymentError
from sandbox.konnect.terms import RefusedTermsError, read_terms
from sandbox.reading import json_object
from sandbox.refusals import refusal
from sandbox.world import world

MILLIMES = {"TND": 1, "EUR": 34, "USD": 31}
"""Millimes for one minor unit of each currency: invented, and always the same."""

blueprint = Blueprint("konnect", __name__, url_prefix="/konnect/api/v2")


@blueprint.before_request
def check_key() -> None:
    """Refuse a call that does not carry the API key in `x-api-key`."""
    given, wanted = request.headers.get("x-api-key", ""), world().konnect_api_key
    if not given or (wanted is not None and not hmac.compare_digest(given.encode(), wanted.encode())):
        raise Unauthorized("Unauthorized: x-api-key is missing or wrong")


@blueprint.post("/payments/init-payment")
def init_payment() -> Response:
    """Open a payment and answer with its pay link and reference."""
    terms = read_terms(json_object(request.get_data()))
    here, asked = world(), Occasion(on="create", order_id=terms.order_id)
    answers.before(here.faults, asked)
    payment = here.payments.open(terms, here.clock.now())
    done = replace(asked, payment_ref=payment.ref)
    if here.faults.take("webhook_before_create_answer", done):
        here.webhooks.call_now(payment)
    answer = jsonify(payUrl=pay_url(payment), paymentRef=payment.ref)
    return answers.after(here.faults, done, answer)


@blueprint.get("/payments/<payment_id>")
def get_payment(payment_id: str) -> Response:
    """Tell the payment as it is now, or as a fault on order has it."""
    here = world()
    payment = here.payments.get(payment_id)
    occasion = Occasion(on="fetch", order_id=payment.terms.order_id, payment_ref=payment.ref)
    answers.before(here.faults, occasion)
    told = falsify(here.faults, occasion, here.payments.get(payment_id))
    return answers.after(here.faults, occasion, jsonify(payment=as_json(told)))


def pay_url(payment: Payment) -> str:
    """Return the link of the pay page; the reference in it is public."""
    return url_for("paypage.show", payment_ref=payment.ref, _external=True)


def falsify(faults: Faults, occasion: Occasion, payment: Payment) -> Payment:
    """Return the payment as the faults on order report it; the real one stays what it is."""
    terms = payment.terms
    if fault := faults.take("wrong_amount", occasion):
        amount = max(0, terms.amount - 1) if fault.amount is None else fault.amount
        reached = amount if payment.status == "completed" else min(payment.reached_amount, amount)
        terms, payment = replace(terms, amount=amount), replace(payment, reached_amount=reached)
    if fault := faults.take("wrong_currency", occasion):
        terms = replace(terms, token=fault.currency)
    if fault := faults.take("wrong_order", occasion):
        terms = replace(terms, order_id=fault.other_order_id)
    if fault := faults.take("wrong_receiver", occasion):
        terms = replace(terms, receiver_wallet=fault.receiver_wallet)
    return replace(payment, terms=terms)


def as_json(payment: Payment) -> dict[str, Any]:
    """Write the `payment` object of get-payment, every documented field in it; amounts in minor units."""
    terms = payment.terms
    rate = MILLIMES.get(terms.token, 1)
    failed = sum(transaction.status != "success" for transaction in payment.transactions)
    return {
        "id": payment.ref,
        "status": payment.status,
        "amount": terms.amount,
        "amountDue": payment.amount_due,
        "reachedAmount": payment.reached_amount,
        "token": terms.token,
        "convertedAmount": terms.amount * rate,
        "exchangeRate": rate,
        "expirationDate": rfc3339(payment.expires_at),
        "shortId": payment.short_id,
        "link": pay_url(payment),
        "webhook": terms.webhook,
        "successUrl": terms.success_url,
        "failUrl": terms.fail_url,
        "orderId": terms.order_id,
        "type": terms.kind,
        "details": terms.description,
        "acceptedPaymentMethods": list(terms.methods),
        "receiverWallet": {"_id": terms.receiver_wallet, "id": terms.receiver_wallet},
        "transactions": [_transaction(transaction) for transaction in payment.transactions],
        "successfulTransactions": len(payment.transactions) - failed,
        "failedTransactions": failed,
    }


def _transaction(transaction: Transaction) -> dict[str, Any]:
    return {
        "id": transaction.ref,
        "status": transaction.status,
        "amount": transaction.amount,
        "date": rfc3339(transaction.at),
    }


@blueprint.errorhandler(UnknownPaymentError)
def unknown_payment(_error: UnknownPaymentError) -> Response:
    """Answer 404 as documented."""
    return refusal(404, "Payment not found")


@blueprint.errorhandler(RefusedTermsError)
def refused_terms(error: RefusedTermsError) -> Response:
    """Answer 400 with a message for each wrong field."""
    return refusal(400, *error.messages)
