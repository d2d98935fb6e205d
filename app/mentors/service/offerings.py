"""What a mentor offers: a kind of session with a length and a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp.router import supported_currencies
from app.kernel.clock import wall_now
from app.kernel.ids import new_id
from app.kernel.money import Money, UnsupportedCurrency
from app.mentors import queries
from app.mentors.errors import OfferingNotFound, OfferingRetired
from app.mentors.models import Offering
from app.mentors.service.profiles import known, locked


@dataclass(frozen=True)
class OfferingView:
    """An offering; `active` is false once it is retired."""

    id: UUID
    mentor_id: UUID
    title: str
    description: str
    duration_minutes: int
    price: Money
    active: bool


def create_offering(
    session: Session, mentor_id: UUID, *, title: str, description: str, duration_minutes: int, price: Money
) -> OfferingView:
    """Offer something new; raise MentorNotFound, UnsupportedCurrency."""
    _check_currency(price)
    made = Offering(
        id=new_id(),
        mentor_id=known(session, mentor_id).id,
        title=title,
        description=description,
        duration_minutes=duration_minutes,
        price=price,
        active=True,
        created_at=wall_now(),
    )
    session.add(made)
    session.flush()
    return _view(made)


def change_offering(session: Session, mentor_id: UUID, offering_id: UUID, changes: Mapping[str, Any]) -> OfferingView:
    """Set what is given of title, description, duration_minutes and price; bookings made before keep theirs.

    Raises MentorNotFound, OfferingNotFound for another mentor's, OfferingRetired, UnsupportedCurrency.
    """
    if "price" in changes:
        _check_currency(changes["price"])
    offering = _own(session, mentor_id, offering_id)
    if not offering.active:
        raise OfferingRetired
    for name, value in changes.items():
        setattr(offering, name, value)
    session.flush()
    return _view(offering)


def retire_offering(session: Session, mentor_id: UUID, offering_id: UUID) -> None:
    """Offer it no longer; a second time changes nothing. Raises MentorNotFound, OfferingNotFound for another's."""
    _own(session, mentor_id, offering_id).active = False
    session.flush()


def get_offering(session: Session, offering_id: UUID) -> OfferingView:
    """Return an offering, active or retired; raise OfferingNotFound."""
    offering = queries.find_offering(session, offering_id)
    if offering is None:
        raise OfferingNotFound
    return _view(offering)


def list_offerings(session: Session, mentor_id: UUID, *, after: UUID | None = None, limit: int) -> list[OfferingView]:
    """Return what the mentor offers now, after this one, oldest first; raise MentorNotFound."""
    known(session, mentor_id)
    return [_view(offering) for offering in queries.active_offerings(session, mentor_id, after=after, limit=limit)]


def _own(session: Session, mentor_id: UUID, offering_id: UUID) -> Offering:
    """Return the mentor's own offering under the mentor's lock, so that no booking reads a price that is changing."""
    locked(session, mentor_id)
    offering = queries.own_offering(session, mentor_id, offering_id)
    if offering is None:
        raise OfferingNotFound
    return offering


def _check_currency(price: Money) -> None:
    if price.currency not in supported_currencies():
        able = ", ".join(sorted(supported_currencies()))
        raise UnsupportedCurrency(
            f"No gateway can both take and pay out {price.currency}: price it in {able}.", pointer="/price/currency"
        )


def _view(offering: Offering) -> OfferingView:
    return OfferingView(
        id=offering.id,
        mentor_id=offering.mentor_id,
        title=offering.title,
        description=offering.description,
        duration_minutes=offering.duration_minutes,
        price=offering.price,
        active=offering.active,
    )
