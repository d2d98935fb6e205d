"""Shapes of the back office (API §8, §9)."""

from __future__ import annotations

import marshmallow as ma

from app.infra.outbox.states import DeliveryState
from app.ops.states import HealthStatus
from app.web.schemas import (
    EXAMPLE_HOUR_LATER,
    EXAMPLE_ID,
    Input,
    Instant,
    MoneyField,
    NextCursor,
    PageQuery,
    WholeNumber,
    like,
)

#: A hundred years: further than any test needs, and far from what a timestamp can hold.
LONGEST_LEAP = 100 * 366 * 86_400

#: As examples show them.
TASK, EVENT = "tasks.payments.settle", "WebhookReceived"


class AccountSchema(ma.Schema):
    """What is posted on an account or on all of a kind."""

    account = ma.fields.String(required=True, metadata=like("psp:konnect"))
    balance = MoneyField(required=True)


class ClearingSchema(AccountSchema):
    """Money on an account that must return to zero, and since when."""

    since = Instant(required=True, allow_none=True)


class InvariantSchema(ma.Schema):
    """What must always hold."""

    name = ma.fields.String(required=True, metadata=like("everything sums to zero in each currency"))
    holds = ma.fields.Boolean(required=True)
    detail = ma.fields.String(
        required=True, metadata=like("", "what breaks it, or why it could not be checked; empty where it holds")
    )


class BooksSchema(ma.Schema):
    """The books."""

    trial_balance = ma.fields.List(ma.fields.Nested(AccountSchema), required=True)
    invariants = ma.fields.List(ma.fields.Nested(InvariantSchema), required=True)
    clearing = ma.fields.List(ma.fields.Nested(ClearingSchema), required=True)


class CheckSchema(ma.Schema):
    """One check of health."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(HealthStatus)))
    detail = ma.fields.String(required=True, metadata=like("connected and migrated"))
    duration_ms = ma.fields.Integer(required=True, metadata=like(2))
    advice = ma.fields.String(
        required=True,
        allow_none=True,
        metadata=like("See that a relay runs.") | {"description": "what to do, where it is not healthy"},
    )


class HealthSchema(ma.Schema):
    """How this process, or the whole system, is: as well as the worst of its checks."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(HealthStatus)))
    checks = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(CheckSchema), required=True)


class ClockSchema(ma.Schema):
    """Business time."""

    now = Instant(required=True)


class AdvanceRequest(Input):
    """How far to move business time forward."""

    advance_seconds = WholeNumber(required=True, validate=ma.validate.Range(0, LONGEST_LEAP), metadata=like(90_000))


class DeadLetterQuery(PageQuery):
    """Which dead letters: of a task, a queue, an event; died at or after an instant; whose last error begins so."""

    task = ma.fields.String(load_default=None, metadata=like(TASK))
    queue = ma.fields.String(load_default=None, metadata=like("payments"))
    event_type = ma.fields.String(load_default=None, metadata=like(EVENT))
    died_after = Instant(load_default=None)
    error = ma.fields.String(load_default=None, metadata=like("TimeoutError"))


class StoredEventSchema(ma.Schema):
    """The fact that caused the work."""

    id = ma.fields.UUID(required=True)
    type = ma.fields.String(required=True, metadata=like(EVENT))
    payload = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.String(), required=True, metadata=like({"payment_id": EXAMPLE_ID})
    )
    correlation_id = ma.fields.String(required=True, metadata=like(EXAMPLE_ID))
    recorded_at = Instant(required=True)


class AttemptSchema(ma.Schema):
    """How one attempt ended, and where in the code."""

    n = ma.fields.Integer(required=True, metadata=like(1))
    started_at = Instant(required=True)
    ended_at = Instant(required=True, metadata=like(EXAMPLE_HOUR_LATER))
    worker = ma.fields.String(required=True, metadata=like("celery@host"))
    error = ma.fields.String(required=True, allow_none=True, metadata=like("TimeoutError: no answer in 15 s"))
    traceback = ma.fields.String(required=True, allow_none=True, metadata=like("Traceback (most recent call last): …"))


class DeadLetterSchema(ma.Schema):
    """Work that was given up, and how it failed; `ended_at` is empty while it is tried again."""

    id = ma.fields.UUID(attribute="delivery.id", required=True)
    task = ma.fields.String(attribute="delivery.task", required=True, metadata=like(TASK))
    queue = ma.fields.String(attribute="delivery.queue", required=True, metadata=like("payments"))
    state = ma.fields.String(attribute="delivery.state", required=True, validate=ma.validate.OneOf(list(DeliveryState)))
    ended_at = Instant(
        attribute="delivery.finished_at", required=True, allow_none=True, metadata=like(EXAMPLE_HOUR_LATER)
    )
    discard_reason = ma.fields.String(
        attribute="delivery.discard_reason", required=True, allow_none=True, metadata=like("Paid by hand.")
    )
    event = ma.fields.Nested(StoredEventSchema, required=True)
    attempts = ma.fields.List(ma.fields.Nested(AttemptSchema), required=True)


class DeadLetterPage(ma.Schema):
    """A page of dead letters."""

    items = ma.fields.List(ma.fields.Nested(DeadLetterSchema), required=True)
    next_cursor = NextCursor()


class DiscardRequest(Input):
    """Why it is given up for good."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(1, 1000), metadata=like("Paid by hand."))
