"""Every statement that touches connections and consents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.calendar.models import Connection, Consent


def find_connection(session: Session, user_id: UUID) -> Connection | None:
    """Return a user's connection without locking it."""
    return session.get(Connection, user_id, populate_existing=True)


def lock_connection(session: Session, user_id: UUID) -> Connection | None:
    """Lock a user's connection and return it as it stands now."""
    query = select(Connection).where(Connection.user_id == user_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def delete_connection(session: Session, user_id: UUID) -> Connection | None:
    """Delete a user's connection and return what it was."""
    return session.scalars(delete(Connection).where(Connection.user_id == user_id).returning(Connection)).one_or_none()


def find_consent(session: Session, hashes: Sequence[bytes], now: datetime) -> Consent | None:
    """Return a consent that is still good."""
    return session.scalars(
        select(Consent).where(Consent.state_hash.in_(hashes), Consent.expires_at > now)
    ).one_or_none()


def take_consent(session: Session, hashes: Sequence[bytes], user_id: UUID, now: datetime) -> Consent | None:
    """Delete a user's consent that is still good and return it: of two who bring one state, one gets it."""
    mine = delete(Consent).where(Consent.state_hash.in_(hashes), Consent.user_id == user_id, Consent.expires_at > now)
    return session.scalars(mine.returning(Consent)).one_or_none()


def delete_expired_consents(session: Session, now: datetime) -> None:
    """Delete what nobody has finished in time."""
    session.execute(delete(Consent).where(Consent.expires_at <= now))
