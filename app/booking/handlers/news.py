"""Who is told what of a booking. Each of these asks how it stands now: what is true no more is told to nobody."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import letters, queries
from app.booking.events import (
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingDisputed,
    BookingExpired,
    BookingPaidLate,
    EscrowReleased,
    LateMoneyKept,
    MeetingArranged,
)
from app.booking.letters import Side
from app.booking.models import Booking
from app.booking.states import BookingState
from app.escrow import service as escrow
from app.identity import service as identity
from app.kernel.money import Money
from app.notifications.service import News
from app.payments import service as payments
from app.payments.states import OrderState


def write_confirmation(session: Session, event: BookingConfirmed) -> list[News]:
    """Tell both that the session will take place; note which change they hear of, so that none is told twice.

    The first try alone notes it: between two tries the link may come, and who was reached before it needs a mail more.
    """
    booking = _in_state(session, event.booking_id, BookingState.CONFIRMED)
    if booking is None:
        return []
    if booking.invited_sequence is None:
        booking.invited_sequence = booking.sequence
    return [letters.confirmation(side) for side in _sides(session, booking)]


def write_meeting_link(session: Session, event: MeetingArranged) -> list[News]:
    """Tell both where they meet, unless the confirmation said it already.

    Never runs before the confirmation (they wait for each other in the choreography), so what that said is known.
    """
    booking = _in_state(session, event.booking_id, BookingState.CONFIRMED)
    if booking is None or booking.meeting_url is None or booking.invited_sequence == booking.sequence:
        return []
    return [letters.meeting_link(side) for side in _sides(session, booking)]


def write_cancellation(session: Session, event: BookingCancelled) -> list[News]:
    """Tell that the session does not take place; its mentor only hears of it who heard, or would have, that it does."""
    booking = _in_state(session, event.booking_id, BookingState.CANCELLED)
    if booking is None:
        return []
    learner, mentor = _sides(session, booking)
    if booking.cancelled_by not in {booking.learner_id, booking.mentor_id}:
        return [letters.decision(learner), letters.decision(mentor)]
    was_confirmed = _order_status(session, booking) == OrderState.RETURNED
    told = [learner, mentor] if was_confirmed else [learner]
    return [letters.cancellation(side, was_confirmed=was_confirmed) for side in told]


def write_expiry(session: Session, event: BookingExpired) -> list[News]:
    """Tell the learner; its mentor has never heard of the booking."""
    booking = _in_state(session, event.booking_id, BookingState.EXPIRED)
    return [letters.expiry(_sides(session, booking)[0])] if booking else []


def write_late_payment(session: Session, event: BookingPaidLate | LateMoneyKept) -> list[News]:
    """Tell the learner where the money is."""
    booking = queries.find_booking(session, event.booking_id)
    if booking is None:
        return []
    amount = payments.show_payment(session, event.payment_id, None).amount
    return [letters.late_payment(_sides(session, booking)[0], amount)]


def write_completion(session: Session, event: BookingCompleted) -> list[News]:
    """Tell the learner of a paid session until when the money can be kept from its mentor."""
    booking = _in_state(session, event.booking_id, BookingState.COMPLETED)
    return [letters.completion(_sides(session, booking)[0])] if booking and booking.price else []


def write_dispute(session: Session, event: BookingDisputed) -> list[News]:
    """Tell both that a problem was reported, unless it is decided already."""
    booking = _in_state(session, event.booking_id, BookingState.DISPUTED)
    return [letters.dispute(side) for side in _sides(session, booking)] if booking else []


def write_release(session: Session, event: EscrowReleased) -> list[News]:
    """Tell the mentor of the money; after a dispute, tell both how it was decided."""
    booking = _in_state(session, event.booking_id, BookingState.CLOSED)
    if booking is None:
        return []
    learner, mentor = _sides(session, booking)
    if booking.problem is not None:
        return [letters.decision(learner), letters.decision(mentor)]
    return [letters.release(mentor)] if booking.price else []


def _in_state(session: Session, booking_id: UUID, status: BookingState) -> Booking | None:
    booking = queries.find_booking(session, booking_id)
    return booking if booking is not None and booking.status == status else None


def _sides(session: Session, booking: Booking) -> tuple[Side, Side]:
    """Return the learner's side, and the mentor's."""
    people = identity.get_people(session, (booking.learner_id, booking.mentor_id))
    learner, mentor = people[booking.learner_id], people[booking.mentor_id]
    held = escrow.show_escrows(session, [booking.id]).get(booking.id)
    earned = held.earned if held else Money.zero(booking.price.currency)
    return Side(booking, learner, mentor, earned), Side(booking, mentor, learner, earned)


def _order_status(session: Session, booking: Booking) -> str:
    return payments.show_orders(session, [booking.order_id])[booking.order_id].status
