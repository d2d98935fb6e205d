"""Facts about bookings."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class BookingConfirmed(Event):
    """A booking is paid for, or free, and will take place."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class BookingCancelled(Event):
    """One of its two people cancelled a booking, or support did, to end a dispute in its learner's favour."""

    booking_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class BookingExpired(Event):
    """A booking was not paid in time; its slot is free."""

    booking_id: UUID
    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class BookingPaidLate(Event):
    """Money came for an expired booking whose slot is gone; it lies in the learner's wallet."""

    booking_id: UUID
    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class LateMoneyKept(Event):
    """Money came for a booking that was cancelled, paid or given up before; it lies in the learner's wallet."""

    booking_id: UUID
    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class BookingCompleted(Event):
    """The session's time is over; the window in which its learner may report a problem runs."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class BookingDisputed(Event):
    """The learner reported a problem; the money stays frozen until support has decided."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class EscrowReleased(Event):
    """The mentor was paid for a session."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class MeetingWanted(Event):
    """A confirmed booking without a link could have one now."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class MeetingUnwanted(Event):
    """A cancelled booking may still stand in a calendar, which could not be written to when it was cancelled."""

    booking_id: UUID


@dataclass(frozen=True, kw_only=True)
class MeetingArranged(Event):
    """A session stands in its mentor's calendar and has a link under which people meet."""

    booking_id: UUID
