"""What a mentor is told of a payout. Each of these asks how it stands now: what is true no more is told to nobody."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import service as identity
from app.identity.service import Person
from app.notifications.service import News
from app.payouts import letters, queries
from app.payouts.events import PayoutPaid, PayoutPaidLate, PayoutRejected, PayoutReturned
from app.payouts.models import Payout
from app.payouts.states import AttemptState, PayoutState


def write_paid(session: Session, event: PayoutPaid) -> list[News]:
    """Tell that the money came, by the word of the gateway, or of a person, who gives a reason."""
    payout, mentor = _told(session, event.payout_id)
    return [letters.paid(payout, mentor) if payout.reason is None else letters.resolved(payout, mentor)]


def write_rejection(session: Session, event: PayoutRejected) -> list[News]:
    """Tell that the money is earnings again."""
    return [letters.rejected(*_told(session, event.payout_id))]


def write_return(session: Session, event: PayoutReturned) -> list[News]:
    """Tell that it takes longer, unless somebody has decided meanwhile."""
    payout, mentor = _told(session, event.payout_id)
    return [letters.returned(payout, mentor)] if payout.status == PayoutState.PENDING else []


def write_charge(session: Session, event: PayoutPaidLate) -> list[News]:
    """Tell what an old link brought too much; where it paid the payout itself, that is told by `write_paid`."""
    payout, mentor = _told(session, event.payout_id)
    attempt = queries.find_attempt(session, event.attempt_id)
    was_too_much = attempt is not None and attempt.status == AttemptState.CONFLICTED
    return [letters.charged(payout, mentor)] if was_too_much else []


def _told(session: Session, payout_id: UUID) -> tuple[Payout, Person]:
    payout = queries.find_payout(session, payout_id)
    if payout is None:
        raise LookupError(f"payout {payout_id} is not there")  # nothing deletes one
    return payout, identity.get_person(session, payout.mentor_id)
