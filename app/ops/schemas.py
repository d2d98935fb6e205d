"""Shapes of the back office (API §8, §9)."""

from __future__ import annotations

import marshmallow as ma

from app.web.schemas import Input, Instant, MoneyField, WholeNumber

#: A hundred years: further than any test needs, and far from what a timestamp can hold.
LONGEST_LEAP = 100 * 366 * 86_400


class AccountSchema(ma.Schema):
    """What is posted on an account or on all of a kind."""

    account = ma.fields.String(required=True)
    balance = MoneyField(required=True)


class ClearingSchema(AccountSchema):
    """Money on an account that must return to zero, and since when."""

    since = Instant(required=True, allow_none=True)


class InvariantSchema(ma.Schema):
    """What must always hold."""

    name = ma.fields.String(required=True)
    holds = ma.fields.Boolean(required=True)
    detail = ma.fields.String(required=True)


class BooksSchema(ma.Schema):
    """The books."""

    trial_balance = ma.fields.List(ma.fields.Nested(AccountSchema), required=True)
    invariants = ma.fields.List(ma.fields.Nested(InvariantSchema), required=True)
    clearing = ma.fields.List(ma.fields.Nested(ClearingSchema), required=True)


class CheckSchema(ma.Schema):
    """One check of health."""

    status = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)
    duration_ms = ma.fields.Integer(required=True)


class HealthSchema(ma.Schema):
    """How this process is."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(["healthy", "degraded", "unhealthy"]))
    checks = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(CheckSchema), required=True)


class ClockSchema(ma.Schema):
    """Business time."""

    now = Instant(required=True)


class AdvanceRequest(Input):
    """How far to move business time forward."""

    advance_seconds = WholeNumber(required=True, validate=ma.validate.Range(0, LONGEST_LEAP))
