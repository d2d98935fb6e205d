"""Shapes of payments (API §5)."""

from __future__ import annotations

import marshmallow as ma

from app.payments.states import PaymentState
from app.web.schemas import EXAMPLE_HOUR_LATER, Input, Instant, MoneyField, like


class TopUpRequest(Input):
    """How much to bring into the wallet."""

    amount = MoneyField(required=True)


class PaymentSchema(ma.Schema):
    """One attempt to pay."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(PaymentState)))
    gateway = ma.fields.String(required=True, metadata=like("konnect"))
    amount = MoneyField(required=True)
    pay_url = ma.fields.String(
        required=True,
        allow_none=True,
        metadata=like("https://gateway.konnect.network/pay?payment_ref=60889219", "null until it is there"),
    )
    expires_at = Instant(required=True, metadata=like(EXAMPLE_HOUR_LATER))
    purpose = ma.fields.String(required=True, validate=ma.validate.OneOf(["order", "top_up"]))
    order_id = ma.fields.UUID(required=True, allow_none=True)
