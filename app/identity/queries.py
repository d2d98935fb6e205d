"""Every SELECT, every lock and every conditional write of identity."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, bindparam, delete, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from app.identity.models import EmailVerification, RefreshToken, TokenFamily, User, UserRole
from app.identity.rules import address_key
from app.identity.states import Revocation

# As text: it is asked before every request of somebody who is signed in.
_ROLES_IN_FAMILY = text("""
    SELECT ARRAY(SELECT role FROM user_role WHERE user_id = :user_id) FROM token_family
    WHERE id = :family_id AND user_id = :user_id AND revoked_at IS NULL AND expires_at > :now
""")

_BY_ID = select(User).where(User.id.in_(bindparam("ids", expanding=True)))
_LOCK = select(User.id).where(User.id == bindparam("id")).with_for_update(key_share=True)


def user_by_id(session: Session, user_id: UUID) -> User:
    """Return a user that is known to exist."""
    return session.get_one(User, user_id)


def user_by_address(session: Session, address: str) -> User | None:
    """Return the user of this address, written in whatever case."""
    return session.scalar(select(User).where(func.lower(User.email) == address_key(address)))


def users_by_id(session: Session, ids: Collection[UUID]) -> Sequence[User]:
    """Return those of the users that exist, in no order."""
    return session.scalars(_BY_ID, {"ids": list(ids)}).all()


def lock_user(session: Session, user_id: UUID) -> None:
    """Lock a user's row until the transaction ends; rows that refer to it may still be written."""
    session.execute(_LOCK, {"id": user_id})


def roles_of(session: Session, user_id: UUID) -> frozenset[str]:
    """Return the roles that were added to the user."""
    return frozenset(session.scalars(select(UserRole.role).where(UserRole.user_id == user_id)))


def roles_in_family(session: Session, user_id: UUID, family_id: UUID, now: datetime) -> frozenset[str] | None:
    """Return the user's added roles, None where the sign-in is not theirs, was ended or ran out. One round trip."""
    parameters = {"user_id": user_id, "family_id": family_id, "now": now}
    found = session.execute(_ROLES_IN_FAMILY, parameters).one_or_none()
    return frozenset(found[0]) if found else None


def upsert_unverified(session: Session, row: dict[str, Any]) -> tuple[UUID, bool] | None:
    """Insert the user, or renew name, zone and password of one who never proved the address; None for one who did.

    Returns the id and whether the user is new. One statement: of two registrations of one address at once neither
    fails, and a link that is opened at this very moment wins, because the condition is read under the row's lock.
    """
    renewed = {name: row[name] for name in ("name", "timezone", "password_hash")}
    statement = insert(User).values(row).on_conflict_do_update(
        index_elements=[text("lower(email)")], set_=renewed, where=User.verified_at.is_(None)
    )  # fmt: skip
    found = session.execute(statement.returning(User.id, _is_new())).one_or_none()
    return (found[0], found[1]) if found else None


def _is_new() -> ColumnElement[bool]:
    """Tell an inserted row from an updated one: only the latter replaces a version, which xmax names."""
    return literal_column("xmax = 0", Boolean)


def ensure_user(session: Session, row: dict[str, Any]) -> User:
    """Insert the user unless the address is known; return whoever has it, locked."""
    session.execute(insert(User).values(row).on_conflict_do_nothing(index_elements=[text("lower(email)")]))
    return session.scalars(
        select(User).where(func.lower(User.email) == address_key(row["email"])).with_for_update()
    ).one()


def forget_links(session: Session, user_id: UUID) -> None:
    """Delete the links that were mailed to the user and not yet opened."""
    session.execute(
        delete(EmailVerification).where(EmailVerification.user_id == user_id, EmailVerification.used_at.is_(None))
    )


def lock_user_of_link(session: Session, hashes: list[bytes]) -> User | None:
    """Lock and return the user to whom a link was mailed.

    The user is locked before the link, as in a repeated registration: the other order could deadlock with it.
    """
    of_link = select(EmailVerification.user_id).where(EmailVerification.hash.in_(hashes)).scalar_subquery()
    return session.scalar(select(User).where(User.id == of_link).with_for_update())


def use_link(session: Session, hashes: list[bytes], now: datetime) -> bool:
    """Use a link up; False when it is unknown, used or too old. Of any number at once one succeeds."""
    statement = update(EmailVerification).where(
        EmailVerification.hash.in_(hashes), EmailVerification.used_at.is_(None), EmailVerification.expires_at > now
    )
    return session.scalar(statement.values(used_at=now).returning(EmailVerification.id)) is not None


def spend_refresh_token(session: Session, hashes: list[bytes], now: datetime) -> Row[UUID, UUID, datetime] | None:
    """Spend a refresh token: return family, user and the family's end; None when it is not there to be spent.

    One conditional UPDATE: written as read, check, write, four clients at once all got a new pair, every time.
    """
    statement = update(RefreshToken).where(
        RefreshToken.hash.in_(hashes), RefreshToken.used_at.is_(None), RefreshToken.expires_at > now,
        TokenFamily.id == RefreshToken.family_id, TokenFamily.revoked_at.is_(None), TokenFamily.expires_at > now,
    )  # fmt: skip
    spent = statement.values(used_at=now).returning(TokenFamily.id, TokenFamily.user_id, TokenFamily.expires_at)
    return session.execute(spent).one_or_none()


def revoke_family_of(
    session: Session, hashes: list[bytes], reason: Revocation, now: datetime, *, only_if_spent: bool = False
) -> None:
    """End the sign-in that a refresh token belongs to, if it is known (and, if asked, spent) and not ended yet."""
    family = select(RefreshToken.family_id).where(RefreshToken.hash.in_(hashes))
    if only_if_spent:
        family = family.where(RefreshToken.used_at.is_not(None))
    _revoke(session, TokenFamily.id.in_(family), reason, now)


def revoke_families_of_user(session: Session, user_id: UUID, reason: Revocation, now: datetime) -> None:
    """End every sign-in of a user."""
    _revoke(session, TokenFamily.user_id == user_id, reason, now)


def delete_expired_links(session: Session, now: datetime, limit: int) -> int:
    """Delete up to so many links that are too old to be opened; return how many."""
    expired = select(EmailVerification.id).where(EmailVerification.expires_at <= now).limit(limit)
    taken = session.scalars(expired.with_for_update(skip_locked=True)).all()
    session.execute(delete(EmailVerification).where(EmailVerification.id.in_(taken)))
    return len(taken)


def delete_ended_families(session: Session, limit: int) -> int:
    """Delete up to so many sign-ins that have come to their end, with every token of theirs; return how many.

    By a function of the owner's: we ourselves may delete no sign-in, so that none can be forgotten before its end.
    """
    return int(session.scalar(text("SELECT purge_sign_ins(:limit)"), {"limit": limit}) or 0)


def _revoke(session: Session, which: ColumnElement[bool], reason: Revocation, now: datetime) -> None:
    statement = update(TokenFamily).where(which, TokenFamily.revoked_at.is_(None))
    session.execute(statement.values(revoked_at=now, revocation=reason))
