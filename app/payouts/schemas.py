"""Shapes of payouts (API §6)."""

from __future__ import annotations

import marshmallow as ma

from app.payouts.states import AttemptState, PayoutState
from app.web.schemas import EXAMPLE_HOUR_LATER, Input, Instant, MoneyField, NextCursor, PageQuery, like

WALLET_ID = ma.validate.Regexp(r"[0-9a-f]{24}\Z", error="Must be 24 hexadecimal digits in small letters.")

#: As examples show them.
EXAMPLE_WALLET, REASON = "5f7a209aeb3f76490ac4a3d1", "This wallet is not yours."


class DestinationRequest(Input):
    """Where the money goes: a Konnect wallet of the mentor's own."""

    konnect_wallet_id = ma.fields.String(required=True, validate=WALLET_ID, metadata=like(EXAMPLE_WALLET))


class DestinationSchema(ma.Schema):
    """Where the money goes."""

    konnect_wallet_id = ma.fields.String(required=True, metadata=like(EXAMPLE_WALLET))


class PayoutRequest(Input):
    """How much of the earnings to pay out."""

    amount = MoneyField(required=True)


class ApproveRequest(Input):
    """Nothing more to say."""


class RejectRequest(Input):
    """Why not; the mentor reads it."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(1, 1000), metadata=like(REASON))


class ReceivedRequest(RejectRequest):
    """How much of an unknown payout its mentor has received, and how that was found out; the mentor reads it."""

    received = MoneyField(required=True)


class AdminPayoutQuery(PageQuery):
    """Which payouts."""

    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(PayoutState)))


class PayoutSchema(ma.Schema):
    """A payout as its mentor sees it."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(PayoutState)))
    amount = MoneyField(required=True)
    mentor_id = ma.fields.UUID(required=True)
    destination = ma.fields.Nested(DestinationSchema, required=True)
    requested_at = Instant(required=True)
    decided_at = Instant(required=True, allow_none=True, metadata=like(EXAMPLE_HOUR_LATER))
    paid_at = Instant(required=True, allow_none=True, metadata=like(EXAMPLE_HOUR_LATER))
    reason = ma.fields.String(required=True, allow_none=True, metadata=like(REASON))


class PayoutPage(ma.Schema):
    """A page of a mentor's payouts."""

    items = ma.fields.List(ma.fields.Nested(PayoutSchema), required=True)
    next_cursor = NextCursor()


class PayoutAttemptSchema(ma.Schema):
    """One link by which the payout was, or may be, paid."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(AttemptState)))
    gateway = ma.fields.String(required=True, metadata=like("konnect"))
    payment_ref = ma.fields.String(required=True, allow_none=True, metadata=like("60889219a388f75c94a943ec"))
    created_at = Instant(required=True)
    expires_at = Instant(required=True, metadata=like(EXAMPLE_HOUR_LATER))


class AdminPayoutSchema(PayoutSchema):
    """A payout as the back office sees it: with the link to pay it by, and what the mentor received too much."""

    decided_by = ma.fields.UUID(required=True, allow_none=True)
    debt = MoneyField(required=True)
    pay_url = ma.fields.String(
        required=True,
        allow_none=True,
        metadata=like("https://gateway.konnect.network/pay?payment_ref=60889219", "null until it is there"),
    )
    attempts = ma.fields.List(ma.fields.Nested(PayoutAttemptSchema), required=True)


class AdminPayoutPage(ma.Schema):
    """A page of everybody's payouts."""

    items = ma.fields.List(ma.fields.Nested(AdminPayoutSchema), required=True)
    next_cursor = NextCursor()
