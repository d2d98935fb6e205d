"""Sign in, stay signed in, sign out. A sign-in is a family of refresh tokens, of which one at a time is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.identity import passwords, queries, tokens
from app.identity.errors import EmailNotVerified, WrongCredentials
from app.identity.models import RefreshToken, TokenFamily, User
from app.identity.rules import address_key
from app.identity.service.people import Profile, profile_of
from app.identity.states import Revocation
from app.identity.throttle import FAILED_LOGINS
from app.infra.config import settings
from app.kernel.clock import wall_now
from app.kernel.ids import new_id


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """What a client keeps: a token for calls, good for `expires_in` seconds, and one to get the next pair with."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme (RFC 6750)


@dataclass(frozen=True, kw_only=True)
class SignedIn(TokenPair):
    """The first pair of a sign-in, and who signed in."""

    user: Profile


def sign_in(session: Session, email: str, password: str) -> SignedIn:
    """Begin a sign-in.

    Raises WrongCredentials, the same for an unknown address; EmailNotVerified, only with the right password; TooMany
    after ten failures in five minutes; passwords.Busy.
    """
    FAILED_LOGINS.check(address_key(email))
    user = _authenticated(session, email, password)
    if user is None:
        FAILED_LOGINS.take(address_key(email))
        raise WrongCredentials
    FAILED_LOGINS.forget(address_key(email))
    if user.verified_at is None:
        raise EmailNotVerified
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    return _begin_family(session, user)


def refresh(session: Session, token: str) -> TokenPair | None:
    """Spend a refresh token for a new pair; None when it cannot be spent.

    A spent token that is shown again has two holders, and nobody can tell which is the thief: the whole family is
    revoked. That must be committed, so the refusal is the caller's.
    """
    hashes, now = tokens.refresh_hashes(token), wall_now()
    spent = queries.spend_refresh_token(session, hashes, now)
    if spent is None:
        queries.revoke_family_of(session, hashes, Revocation.REUSE, now, only_if_spent=True)
        return None
    family_id, user_id, ends_at = spent
    return TokenPair(
        access_token=tokens.issue_access_token(tokens.Bearer(user_id, family_id)),
        refresh_token=_issue_refresh_token(session, family_id, ends_at, now),
        expires_in=settings().access_token_seconds,
    )


def sign_out(session: Session, token: str) -> None:
    """End the sign-in that a refresh token belongs to, its access tokens too; an unknown token changes nothing."""
    queries.revoke_family_of(session, tokens.refresh_hashes(token), Revocation.LOGOUT, wall_now())


def _authenticated(session: Session, email: str, password: str) -> User | None:
    """Return the user whose password this is; the time it takes does not tell whether the address is known."""
    user = queries.user_by_address(session, email)
    right = passwords.matches(password, user.password_hash if user else None)
    return user if right else None


def _begin_family(session: Session, user: User) -> SignedIn:
    now = wall_now()
    ends_at = now + timedelta(seconds=settings().refresh_family_seconds)
    family = TokenFamily(id=new_id(), user_id=user.id, begun_at=now, expires_at=ends_at)
    session.add(family)
    session.flush()
    return SignedIn(
        access_token=tokens.issue_access_token(tokens.Bearer(user.id, family.id)),
        refresh_token=_issue_refresh_token(session, family.id, ends_at, now),
        expires_in=settings().access_token_seconds,
        user=profile_of(session, user),
    )


def _issue_refresh_token(session: Session, family_id: UUID, ends_at: datetime, now: datetime) -> str:
    """Return a new token, which expires when it lies idle, and with its family at the latest."""
    token = tokens.new_opaque_token(tokens.REFRESH_PREFIX)
    expires_at = min(ends_at, now + timedelta(seconds=settings().refresh_idle_seconds))
    session.add(
        RefreshToken(
            id=new_id(),
            family_id=family_id,
            hash=tokens.refresh_hash(token),
            issued_at=now,
            expires_at=expires_at,
        )
    )
    return token
