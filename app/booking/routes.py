"""The doors of booking: slots, booking, cancelling, a new pay link."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.booking import errors, schemas, service
from app.booking.service import BookingPageQuery
from app.identity.guards import requires
from app.kernel.states import IllegalTransition
from app.kernel.zones import zone
from app.ledger.errors import InsufficientFunds
from app.mentors.errors import OfferingNotFound
from app.payments import service as payments
from app.payments.errors import AmountNotPayable, OrderNotOpen, PaymentStillOpen
from app.payments.schemas import PaymentSchema
from app.web import cursors
from app.web.access import public
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.idempotent import idempotent
from app.web.promises import LOCATION, refuses
from app.web.transaction import request_scope
from app.web.waiting import answer_when_changed, waits

blp = room_blueprint("bookings", "Slots, and sessions booked, paid and cancelled.")


@blp.route("/mentors/<uuid:mentor_id>/slots", methods=["GET"])
@public("learners look for a time before they register")
@blp.arguments(schemas.SlotQuery, location="query")
@blp.response(200, schemas.SlotList)
@refuses(OfferingNotFound)
def list_slots(query: dict[str, Any], mentor_id: UUID) -> dict[str, Any]:
    """List the times that can be booked: never in the past, taken, or outside the mentor's hours."""
    with request_scope() as session:
        found = service.list_slots(session, mentor_id, query["offering_id"], query["begin"], query["end"])
    shown = [{"starts_at": slot.starts_at, "ends_at": slot.ends_at} for slot in found]
    if query["timezone"]:
        local = zone(query["timezone"])
        return {
            "items": [{**slot, "starts_at_local": slot["starts_at"].astimezone(local).isoformat()} for slot in shown]
        }
    return {"items": shown}


@blp.route("/bookings", methods=["POST"])
@requires()
@idempotent
@blp.arguments(schemas.BookRequest)
@blp.response(201, schemas.BookingSchema, headers=LOCATION)
@refuses(
    OfferingNotFound,
    errors.OwnSession,
    errors.MentorNotAccepting,
    errors.SlotNotOffered,
    errors.SlotTaken,
    errors.LearnerBusy,
    errors.TooManyUnpaid,
    InsufficientFunds,
    AmountNotPayable,
)
def book(body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Book a slot: confirmed at once where the wallet covers it, else held while it is paid."""
    with request_scope() as session:
        booking_id = service.book(session, current_actor().id, **body)
        shown = schemas.shown(service.show_booking(session, booking_id, current_actor().id))
    return shown, 201, {"Location": f"/api/v1/bookings/{booking_id}"}


@blp.route("/bookings", methods=["GET"])
@requires()
@blp.arguments(schemas.BookingQuery, location="query")
@blp.response(200, schemas.BookingPage)
def list_bookings(query: dict[str, Any]) -> dict[str, Any]:
    """List the caller's bookings: upcoming soonest first, else latest first."""
    name = f"bookings {current_actor().id} {query['role']} {query['when']} {query['status']}"
    after = schemas.read_position(cursors.decode(name, query.pop("cursor")))
    limit = query.pop("limit")
    with request_scope() as session:
        wanted = BookingPageQuery(**query, after=after, limit=limit + 1)
        found = service.list_bookings(session, current_actor().id, wanted)
    page = cursors.page(name, found, limit, schemas.position)
    return {**page, "items": [schemas.shown(view) for view in page["items"]]}


@blp.route("/bookings/<uuid:booking_id>", methods=["GET"])
@requires(whose="a booking of the caller, as learner or mentor; support may see every one")
@waits
@blp.response(200, schemas.BookingSchema)
@refuses(errors.NoSuchBooking)
def show_booking(booking_id: UUID) -> dict[str, Any]:
    """Show a booking; with Prefer: wait=N as soon as its status, pay link or meeting link changes."""
    actor = current_actor()
    seen_by = None if actor.has("support") else actor.id

    def read() -> service.BookingView:
        with request_scope() as session:
            return service.show_booking(session, booking_id, seen_by)

    return schemas.shown(answer_when_changed(read, version=lambda view: view.version, rows=lambda view: view.rows))


@blp.route("/bookings/<uuid:booking_id>/cancel", methods=["POST"])
@requires(whose="a booking of the caller, as learner or mentor")
@idempotent
@blp.arguments(schemas.ReasonRequest)
@blp.response(200, schemas.BookingSchema)
@refuses(errors.NoSuchBooking, errors.TooLateToCancel, IllegalTransition)
def cancel(body: dict[str, Any], booking_id: UUID) -> dict[str, Any]:
    """Cancel a booking; money that was paid goes back to the learner's wallet in full."""
    with request_scope() as session:
        service.cancel(session, current_actor().id, booking_id, body["reason"])
        return schemas.shown(service.show_booking(session, booking_id, current_actor().id))


@blp.route("/bookings/<uuid:booking_id>/payments", methods=["POST"])
@requires(whose="a booking of the caller, as learner")
@idempotent
@blp.response(201, PaymentSchema, headers=LOCATION)
@refuses(errors.NoSuchBooking, OrderNotOpen, PaymentStillOpen)
def open_payment(booking_id: UUID) -> tuple[payments.PaymentView, int, dict[str, str]]:
    """Get a new pay link when the last attempt has ended and time is left."""
    with request_scope() as session:
        payment_id = service.open_new_payment(session, current_actor().id, booking_id)
        payment = payments.show_payment(session, payment_id, current_actor().id)
    return payment, 201, {"Location": f"/api/v1/payments/{payment_id}"}


@blp.route("/bookings/<uuid:booking_id>/report-problem", methods=["POST"])
@requires(whose="a booking of the caller, as learner")
@blp.arguments(schemas.ReasonRequest)
@blp.response(200, schemas.BookingSchema)
@refuses(errors.NoSuchBooking, IllegalTransition)
def report_problem(body: dict[str, Any], booking_id: UUID) -> dict[str, Any]:
    """Say that something was wrong with a session, until its escrow is released: the money is frozen."""
    with request_scope() as session:
        service.report_problem(session, current_actor().id, booking_id, body["reason"])
        return schemas.shown(service.show_booking(session, booking_id, current_actor().id))


@blp.route("/admin/bookings/<uuid:booking_id>/resolve", methods=["POST"])
@requires("support", "admin", whose="a booking in which the caller is neither learner nor mentor")
@blp.arguments(schemas.ResolveRequest)
@blp.response(200, schemas.BookingSchema)
@refuses(errors.NoSuchBooking, errors.OwnDispute, IllegalTransition)
def resolve(body: dict[str, Any], booking_id: UUID) -> dict[str, Any]:
    """Decide a dispute: the money is released to the mentor, or returned to the learner."""
    with request_scope() as session:
        service.resolve(session, current_actor().id, booking_id, **body)
        return schemas.shown(service.show_booking(session, booking_id, None))
