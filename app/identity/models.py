"""users, user_role, token_family, refresh_token, email_verification. All instants are wall time, UTC."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.identity.states import ADDED_ROLES, Revocation
from app.infra.db import Base

_ROLES = ", ".join(f"'{role}'" for role in ADDED_ROLES)
_REVOCATIONS = ", ".join(f"'{reason}'" for reason in Revocation)


class User(Base):
    """A person. The address is unique whatever its case; only a verified one can sign in."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("char_length(email) BETWEEN 3 AND 254", name="email"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name"),
        CheckConstraint("char_length(timezone) BETWEEN 1 AND 64", name="timezone"),
        CheckConstraint("char_length(password_hash) BETWEEN 1 AND 255", name="password_hash"),
        Index("uq_users_email", text("lower(email)"), unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    name: Mapped[str]
    timezone: Mapped[str]
    password_hash: Mapped[str]
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class UserRole(Base):
    """A role that was added to a user; `learner` needs no row."""

    __tablename__ = "user_role"
    __table_args__ = (CheckConstraint(f"role IN ({_ROLES})", name="role"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    added_at: Mapped[datetime]


class TokenFamily(Base):
    """One sign-in and every token that follows from it. Ending it ends them all, access tokens too."""

    __tablename__ = "token_family"
    __table_args__ = (
        CheckConstraint(f"revocation IN ({_REVOCATIONS})", name="revocation"),
        CheckConstraint("(revoked_at IS NULL) = (revocation IS NULL)", name="revoked"),
        Index("ix_token_family_user_id", "user_id"),
        Index("ix_token_family_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    begun_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revocation: Mapped[str | None]


class RefreshToken(Base):
    """A refresh token, known by its keyed hash only. Spent when used_at is set."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        Index("uq_refresh_token_hash", "hash", unique=True),
        Index("ix_refresh_token_family_id", "family_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(ForeignKey("token_family.id"))
    hash: Mapped[bytes]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class EmailVerification(Base):
    """A link that was mailed, known by the keyed hash of its token only. Good for one use."""

    __tablename__ = "email_verification"
    __table_args__ = (
        CheckConstraint("octet_length(hash) = 32", name="hash"),
        Index("uq_email_verification_hash", "hash", unique=True),
        Index("ix_email_verification_user_id", "user_id"),
        Index("ix_email_verification_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    hash: Mapped[bytes]
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
