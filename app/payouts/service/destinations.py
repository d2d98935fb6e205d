"""Where a mentor's money goes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.gateways.psp import router
from app.infra.clock import business_now
from app.payouts import queries
from app.payouts.errors import DestinationNotSet, OwnWalletNeeded


def set_destination(session: Session, mentor_id: UUID, konnect_wallet_id: str) -> None:
    """Set the Konnect wallet (24 hexadecimal digits) that later payouts go to; those requested keep theirs.

    Raises OwnWalletNeeded for ours: a link into it would move no money, and be booked as if it had.
    """
    if konnect_wallet_id == router.gateway("konnect").own_receiver:
        raise OwnWalletNeeded(pointer="/konnect_wallet_id")
    queries.set_destination(session, mentor_id, konnect_wallet_id, business_now(session))


def show_destination(session: Session, mentor_id: UUID) -> str:
    """Return the Konnect wallet that a mentor's payouts go to; raise DestinationNotSet."""
    found = queries.find_destination(session, mentor_id)
    if found is None:
        raise DestinationNotSet
    return found
