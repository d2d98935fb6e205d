"""Every SELECT and every lock of escrow."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.escrow.models import Escrow

_OF_BOOKINGS = select(Escrow).where(Escrow.booking_id.in_(bindparam("booking_ids", expanding=True)))


def lock_escrow(session: Session, booking_id: UUID) -> Escrow:
    """Lock the escrow of a booking and return it as it stands now; after order and attempt, before the ledger."""
    query = (
        select(Escrow)
        .where(Escrow.booking_id == booking_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).one()


def find_escrows(session: Session, booking_ids: Sequence[UUID]) -> Sequence[Escrow]:
    """Return the escrows of bookings, for those that have one."""
    return session.scalars(_OF_BOOKINGS, {"booking_ids": booking_ids}).all()
