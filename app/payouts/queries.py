"""Every SELECT and every lock of payouts. Locks are taken in the one order: payout, then its attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infra import outbox
from app.kernel.ids import new_id
from app.payouts.events import PayoutPollDue
from app.payouts.models import Destination, Payout, PayoutAttempt, PayoutPing
from app.payouts.states import LIVE


def find_destination(session: Session, mentor_id: UUID) -> str | None:
    """Return the wallet that a mentor's money goes to."""
    return session.scalar(select(Destination.konnect_wallet_id).where(Destination.mentor_id == mentor_id))


def set_destination(session: Session, mentor_id: UUID, wallet_id: str, now: datetime) -> None:
    """Write the wallet that a mentor's money goes to, over the one before."""
    new = insert(Destination).values(mentor_id=mentor_id, konnect_wallet_id=wallet_id, changed_at=now)
    changes = {"konnect_wallet_id": new.excluded.konnect_wallet_id, "changed_at": new.excluded.changed_at}
    session.execute(new.on_conflict_do_update(index_elements=[Destination.mentor_id], set_=changes))


def find_payout(session: Session, payout_id: UUID) -> Payout | None:
    """Return a payout without locking it, as it stands now."""
    return session.get(Payout, payout_id, populate_existing=True)


def lock_payout(session: Session, payout_id: UUID) -> Payout | None:
    """Lock a payout, before any of its attempts, and return it as it stands now."""
    query = select(Payout).where(Payout.id == payout_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def list_payouts(session: Session, *narrowed: ColumnElement[bool], before: UUID | None, limit: int) -> Sequence[Payout]:
    """Return payouts below an id, the latest first."""
    query = select(Payout).where(*narrowed).order_by(Payout.id.desc()).limit(limit)
    return session.scalars(query if before is None else query.where(Payout.id < before)).all()


def of_mentor(mentor_id: UUID) -> ColumnElement[bool]:
    """Narrow to the payouts of a mentor."""
    return Payout.mentor_id == mentor_id


def in_state(status: str) -> ColumnElement[bool]:
    """Narrow to the payouts in a state."""
    return Payout.status == status


def find_attempt(session: Session, attempt_id: UUID) -> PayoutAttempt | None:
    """Return an attempt without locking it."""
    return session.get(PayoutAttempt, attempt_id)


def lock_with_payout(session: Session, attempt_id: UUID) -> tuple[Payout, PayoutAttempt]:
    """Lock an attempt, its payout before it, and return both as they stand now."""
    payout_id = session.scalars(select(PayoutAttempt.payout_id).where(PayoutAttempt.id == attempt_id)).one()
    payout = lock_payout(session, payout_id)
    if payout is None:
        raise LookupError(f"attempt {attempt_id} has no payout")  # its foreign key forbids it
    query = (
        select(PayoutAttempt)
        .where(PayoutAttempt.id == attempt_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return payout, session.scalars(query).one()


def attempts_of(session: Session, payout_ids: Sequence[UUID]) -> Sequence[PayoutAttempt]:
    """Return all attempts of payouts, the oldest first. Those of a locked payout change only by its holder."""
    query = select(PayoutAttempt).where(PayoutAttempt.payout_id.in_(payout_ids)).order_by(PayoutAttempt.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def lock_live_attempts(session: Session, payout_id: UUID) -> Sequence[PayoutAttempt]:
    """Lock the attempts of a locked payout whose link is open or being made."""
    query = (
        select(PayoutAttempt)
        .where(PayoutAttempt.payout_id == payout_id, PayoutAttempt.status.in_(LIVE))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def lock_due_polls(session: Session, now: datetime, limit: int) -> Sequence[PayoutAttempt]:
    """Lock attempts whose next look is due; SKIP LOCKED, so that any number of sweeps share the work.

    One that somebody is on the way to look at already is due when that is done: while workers or the gateway are away
    for hours, looks do not pile up.
    """
    query = (
        select(PayoutAttempt)
        .where(PayoutAttempt.next_poll_at <= now, ~outbox.is_on_its_way(PayoutPollDue, PayoutAttempt.id.expression))
        .order_by(PayoutAttempt.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(query).all()


def write_ping(session: Session, attempt_id: UUID, payment_ref: str | None) -> UUID | None:
    """Write a ping and return its id; None when the same one already waits, which costs no row."""
    statement = (
        insert(PayoutPing)
        .values(id=new_id(), attempt_id=attempt_id, payment_ref=payment_ref)
        .on_conflict_do_nothing()
        .returning(PayoutPing.id)
    )
    return session.execute(statement).scalar()


def count_waiting_pings(session: Session, attempt_id: UUID) -> int:
    """Return how many pings of an attempt wait to be looked at."""
    query = select(func.count()).where(PayoutPing.attempt_id == attempt_id, PayoutPing.taken_at.is_(None))
    return session.execute(query).scalar_one()


def take_ping(session: Session, ping_id: UUID) -> str | None:
    """Mark a ping as looked at and return the reference that it named."""
    statement = (
        update(PayoutPing).where(PayoutPing.id == ping_id).values(taken_at=func.now()).returning(PayoutPing.payment_ref)
    )
    return session.execute(statement).scalar()
