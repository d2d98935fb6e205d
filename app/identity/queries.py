"""Every SELECT and every conditional UPDATE of identity."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app.identity.models import TokenFamily, User, UserRole


def users_by_id(session: Session, ids: Collection[UUID]) -> Sequence[User]:
    """Return those of the users that exist, in no order."""
    return session.scalars(select(User).where(User.id.in_(ids))).all()


def roles_of(session: Session, user_id: UUID) -> frozenset[str]:
    """Return the roles that were added to the user."""
    return frozenset(session.scalars(select(UserRole.role).where(UserRole.user_id == user_id)))


def roles_in_family(session: Session, user_id: UUID, family_id: UUID, now: datetime) -> frozenset[str] | None:
    """Return the user's added roles, None where the sign-in is not theirs, was ended or ran out. One round trip."""
    alive = exists().where(
        TokenFamily.id == family_id,
        TokenFamily.user_id == user_id,
        TokenFamily.revoked_at.is_(None),
        TokenFamily.expires_at > now,
    )
    roles = select(func.array_agg(UserRole.role)).where(UserRole.user_id == user_id).scalar_subquery()
    found = session.execute(select(func.coalesce(roles, [])).where(alive)).one_or_none()
    return frozenset(found[0]) if found else None
