"""List the slots of an offering."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import queries, slots
from app.booking.slots import REACH, Slot, Span
from app.infra.clock import business_now
from app.mentors import service as mentors
from app.mentors.errors import OfferingNotFound


def list_slots(session: Session, mentor_id: UUID, offering_id: UUID, begin: datetime, end: datetime) -> list[Slot]:
    """Return the slots that begin from `begin` until before `end`, soonest first; raise OfferingNotFound."""
    offering = mentors.get_offering(session, offering_id)
    if offering.mentor_id != mentor_id:
        raise OfferingNotFound
    if not offering.active:
        return []
    now = business_now(session)
    busy = queries.busy_of_mentor(session, mentor_id, Span(begin - REACH, end + REACH), now)
    schedule = mentors.schedule_of(session, mentor_id)
    return slots.offered(schedule, offering.duration_minutes, busy, now, window_start=begin, window_end=end)
