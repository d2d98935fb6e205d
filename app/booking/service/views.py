"""What people see of bookings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries
from app.booking.errors import NoSuchBooking
from app.booking.models import Booking
from app.escrow import service as escrow
from app.escrow.service import EscrowView
from app.identity import service as identity
from app.identity.service import Person
from app.infra.clock import business_now
from app.payments import service as payments
from app.payments.service import OrderView


@dataclass(frozen=True)
class BookingView:
    """A booking with its people, its order and its escrow."""

    booking: Booking
    mentor: Person
    learner: Person
    order: OrderView
    escrow: EscrowView | None

    @property
    def version(self) -> tuple[str | None, ...]:
        """Return what a waiting reader waits for: status, pay link, meeting link."""
        payment = self.order.payment
        return self.booking.status, payment.pay_url if payment else None, self.booking.meeting_url

    @property
    def rows(self) -> list[UUID]:
        """Return the ids whose change may change the version."""
        return [self.booking.id, *([self.order.payment.id] if self.order.payment else [])]


@dataclass(frozen=True)
class BookingPageQuery:
    """Which of a person's bookings: role learner or mentor, when upcoming or past, and from where on."""

    role: str
    when: str | None
    status: str | None
    after: tuple[datetime, UUID] | None
    limit: int


def show_booking(session: Session, booking_id: UUID, actor_id: UUID | None) -> BookingView:
    """Return a booking to one of its two people (or, without an actor, to support); raise NoSuchBooking."""
    booking = queries.find_booking(session, booking_id)
    if booking is None or (actor_id is not None and actor_id not in (booking.mentor_id, booking.learner_id)):
        raise NoSuchBooking
    return _views(session, [booking])[0]


def list_bookings(session: Session, user_id: UUID, query: BookingPageQuery) -> list[BookingView]:
    """Return a page of a person's bookings."""
    whose = queries.of_mentor(user_id) if query.role == "mentor" else queries.of_learner(user_id)
    found = queries.list_bookings(
        session, whose, status=query.status, when=query.when, now=business_now(session), after=query.after,
        limit=query.limit,
    )  # fmt: skip
    return _views(session, found)


def _views(session: Session, bookings: Sequence[Booking]) -> list[BookingView]:
    """Gather what belongs to bookings with one query a room, however many there are."""
    people = identity.get_people(session, {one for b in bookings for one in (b.mentor_id, b.learner_id)})
    orders = payments.show_orders(session, [booking.order_id for booking in bookings])
    escrows = escrow.show_escrows(session, [booking.id for booking in bookings])
    return [
        BookingView(b, people[b.mentor_id], people[b.learner_id], orders[b.order_id], escrows.get(b.id))
        for b in bookings
    ]
