"""What a booking needs of a mentor, as it stands when the booking commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.mentors import queries
from app.mentors.errors import OfferingNotFound
from app.mentors.rules import Schedule
from app.mentors.service.availability import schedule
from app.mentors.service.offerings import OfferingView, get_offering
from app.mentors.service.profiles import locked


def lock_mentor(session: Session, mentor_id: UUID) -> None:
    """Lock the mentor's row until the transaction ends: the first lock of every booking; raise MentorNotFound.

    It closes the race between two people who want overlapping times, and between a booking and a change of the
    hours, the settings or the price: whoever reads those under this lock reads what holds when the booking commits.
    """
    locked(session, mentor_id)


def lock_offering(session: Session, offering_id: UUID) -> tuple[OfferingView, Schedule]:
    """Lock the mentor of an offering, as above, and return the offering and the mentor's schedule under the lock.

    Raises OfferingNotFound. The offering may be retired.
    """
    mentor = queries.lock_mentor_of(session, offering_id)
    if mentor is None:
        raise OfferingNotFound
    return get_offering(session, offering_id), schedule(session, mentor)
