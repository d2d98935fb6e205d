"""Shapes of bookings and slots (API §3, §4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import marshmallow as ma

from app.booking.service import BookingView
from app.booking.states import BookingState
from app.escrow.states import EscrowState
from app.kernel.zones import UnknownZone, zone
from app.payments.schemas import PaymentSchema
from app.payments.states import OrderState
from app.web.schemas import EXAMPLE_HOUR_LATER, Id, Input, Instant, MoneyField, NextCursor, PageQuery, Query, like

LONGEST_WINDOW = timedelta(days=62)


class BookRequest(Input):
    """Which offering, when, and a word to the mentor."""

    offering_id = Id(required=True)
    starts_at = Instant(required=True, metadata={"description": "one of those that GET /mentors/{id}/slots lists"})
    note = ma.fields.String(
        load_default="", validate=ma.validate.Length(max=2000), metadata=like("I would like to speak about indexes.")
    )


class ReasonRequest(Input):
    """Why."""

    reason = ma.fields.String(required=True, validate=ma.validate.Length(1, 1000), metadata=like("I have fallen ill."))


class ResolveRequest(ReasonRequest):
    """Whose the money of a disputed booking is: `release` to the mentor, `return` to the learner."""

    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(["release", "return"]))


class BookingQuery(PageQuery):
    """Which of the caller's bookings."""

    role = ma.fields.String(load_default="learner", validate=ma.validate.OneOf(["learner", "mentor"]))
    when = ma.fields.String(load_default=None, validate=ma.validate.OneOf(["upcoming", "past"]))
    status = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(BookingState)))


class SlotQuery(Query):
    """Which offering's slots, in which time."""

    offering_id = Id(required=True)
    begin = Instant(required=True, data_key="from")
    end = Instant(
        required=True, data_key="to", metadata=like("2026-11-30T09:00:00Z", f"{LONGEST_WINDOW.days} days later at most")
    )
    timezone = ma.fields.String(load_default=None, metadata=like("Africa/Tunis", "for `starts_at_local`"))

    @ma.validates_schema
    def check(self, query: dict[str, Any], **_: Any) -> None:
        """Refuse windows that run backwards or are too long, and zones that do not exist."""
        if not timedelta(0) < query["end"] - query["begin"] <= LONGEST_WINDOW:
            raise ma.ValidationError(f"Must lie after 'from', by {LONGEST_WINDOW.days} days at most.", "to")
        if query["timezone"] is not None:
            try:
                zone(query["timezone"])
            except UnknownZone as error:
                raise ma.ValidationError(error.detail, "timezone") from None


class SlotSchema(ma.Schema):
    """A time that can be booked; `starts_at_local` in the time zone that was asked for."""

    starts_at = Instant(required=True)
    ends_at = Instant(required=True, metadata=like(EXAMPLE_HOUR_LATER))
    starts_at_local = ma.fields.String(metadata=like("2026-11-23T10:00:00+01:00"))


class SlotList(ma.Schema):
    """The slots of a window, soonest first."""

    items = ma.fields.List(ma.fields.Nested(SlotSchema), required=True)


class PersonSchema(ma.Schema):
    """One of a booking's two people."""

    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True, metadata=like("Mounir Trabelsi"))
    picture_url = ma.fields.String(required=True, allow_none=True, metadata=like("https://pictures.example/1.jpg"))


class BookedOfferingSchema(ma.Schema):
    """What was booked, as it was then."""

    id = ma.fields.UUID(required=True)
    title = ma.fields.String(required=True, metadata=like("Reading query plans"))
    duration_minutes = ma.fields.Integer(required=True, metadata=like(50))


class OrderSchema(ma.Schema):
    """What is asked, what has come, and how much of it from the wallet."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(OrderState)))
    amount = MoneyField(required=True)
    amount_paid = MoneyField(required=True)
    from_wallet = MoneyField(required=True)


class EscrowSchema(ma.Schema):
    """The money held for the booking."""

    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(EscrowState)))
    amount = MoneyField(required=True)


class BookingPaymentSchema(PaymentSchema):
    """The latest attempt to pay for a booking."""

    class Meta:
        """Show what the page of a booking needs; GET /payments/{id} shows the rest."""

        fields = ("id", "status", "pay_url", "expires_at")


class BookingSchema(ma.Schema):
    """A booking."""

    id = ma.fields.UUID(required=True)
    status = ma.fields.String(required=True, validate=ma.validate.OneOf(list(BookingState)))
    mentor = ma.fields.Nested(PersonSchema, required=True)
    learner = ma.fields.Nested(PersonSchema, required=True)
    offering = ma.fields.Nested(BookedOfferingSchema, required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True, metadata=like(EXAMPLE_HOUR_LATER))
    note = ma.fields.String(required=True, metadata=like("I would like to speak about indexes."))
    price = MoneyField(required=True)
    order = ma.fields.Nested(OrderSchema, required=True)
    payment = ma.fields.Nested(BookingPaymentSchema, required=True, allow_none=True)
    meeting_url = ma.fields.String(
        required=True, allow_none=True, metadata=like("https://meet.google.com/abc-defg-hij", "null until it is there")
    )
    escrow = ma.fields.Nested(EscrowSchema, required=True, allow_none=True)
    cancelled_by = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.OneOf(["learner", "mentor", "support"])
    )
    reason = ma.fields.String(
        required=True, allow_none=True,
        metadata=like("I have fallen ill.", "what was said last: to cancel it, to report a problem, or to decide one"),
    )  # fmt: skip
    problem = ma.fields.String(
        required=True, allow_none=True, metadata=like("Nobody came.", "what the learner reported")
    )
    created_at = Instant(required=True)


class BookingPage(ma.Schema):
    """A page of bookings."""

    items = ma.fields.List(ma.fields.Nested(BookingSchema), required=True)
    next_cursor = NextCursor()


def shown(view: BookingView) -> dict[str, Any]:
    """Return a booking as BookingSchema takes it."""
    booking = view.booking
    return {
        **{name: getattr(booking, name) for name in _PLAIN},
        "mentor": view.mentor,
        "learner": view.learner,
        "offering": {
            "id": booking.offering_id,
            "title": booking.title,
            "duration_minutes": booking.duration_minutes,
        },
        "order": view.order,
        "payment": view.order.payment,
        "escrow": view.escrow,
        "cancelled_by": _role(view),
    }


_PLAIN = ("id", "status", "starts_at", "ends_at", "note", "price", "meeting_url", "reason", "problem", "created_at")


def _role(view: BookingView) -> str | None:
    by = view.booking.cancelled_by
    roles = {None: None, view.booking.mentor_id: "mentor", view.booking.learner_id: "learner"}
    return roles.get(by, "support")


def position(view: BookingView) -> list[str]:
    """Return where a booking stands in its list, for the cursor."""
    return [view.booking.starts_at.isoformat(), str(view.booking.id)]


def read_position(found: list[Any] | None) -> tuple[datetime, UUID] | None:
    """Read a position back."""
    return (datetime.fromisoformat(found[0]), UUID(found[1])) if found else None
