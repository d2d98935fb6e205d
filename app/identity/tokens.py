"""Tokens: access tokens anybody can read and nobody can forge, and opaque ones of which we keep the hash.

Access token: a JWT (RFC 9068) signed with HS256. It names the user and the sign-in, never a role: roles are read
from the database on every request, so that taking one away works at once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OctKey

from app.infra import crypto
from app.infra.config import settings
from app.kernel.clock import wall_now
from app.kernel.ids import new_id

ALGORITHM = "HS256"
TYPE = "at+jwt"  #: no token made for another purpose can pass as an access token
REFRESH_PREFIX = "amr_"  #: lets a leaked token be recognised by a scanner

_ACCESS_KEY = "access token"
_REFRESH_KEY = "refresh token"
_VERIFICATION_KEY = "verification token"


@dataclass(frozen=True)
class Bearer:
    """Who an access token names: the user, and the sign-in that it came from."""

    user_id: UUID
    family_id: UUID


def issue_access_token(bearer: Bearer) -> str:
    """Return a token that is good for settings().access_token_seconds of wall time."""
    now = wall_now()
    claims = {
        "iss": settings().public_url,
        "sub": str(bearer.user_id),
        "sid": str(bearer.family_id),
        "jti": str(new_id()),
        "iat": _seconds(now),
        "nbf": _seconds(now),
        "exp": _seconds(now + timedelta(seconds=settings().access_token_seconds)),
    }
    key = OctKey.import_key(crypto.current_key(_ACCESS_KEY))
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, claims, key, algorithms=[ALGORITHM])


def read_access_token(token: str) -> Bearer | None:
    """Return whom the token names; None for one that is forged, expired, of another kind or no token at all."""
    try:
        decoded = _verified(token)
        if decoded is None or decoded.header.get("typ") != TYPE:
            return None
        _registry().validate(decoded.claims)
        return Bearer(UUID(decoded.claims["sub"]), UUID(decoded.claims["sid"]))
    except (JoseError, ValueError, TypeError, AttributeError):
        return None


def new_opaque_token(prefix: str = "") -> str:
    """Return 256 random bits in base64url, which need no slow hash: they cannot be guessed."""
    return prefix + secrets.token_urlsafe(32)


def refresh_hash(token: str) -> bytes:
    """Return the keyed hash under which a new refresh token is stored."""
    return crypto.keyed_hash(_REFRESH_KEY, token)


def refresh_hashes(token: str) -> list[bytes]:
    """Return the keyed hashes under which a refresh token may be stored, through a key rotation."""
    return crypto.accepted_hashes(_REFRESH_KEY, token)


def verification_hash(token: str) -> bytes:
    """Return the keyed hash under which the token of a new link is stored."""
    return crypto.keyed_hash(_VERIFICATION_KEY, token)


def verification_hashes(token: str) -> list[bytes]:
    """Return the keyed hashes under which the token of a link may be stored, through a key rotation."""
    return crypto.accepted_hashes(_VERIFICATION_KEY, token)


def _verified(token: str) -> jwt.Token | None:
    """Check the signature with the current and, during a rotation, the previous key."""
    for key in crypto.accepted_keys(_ACCESS_KEY):
        try:
            return jwt.decode(token, OctKey.import_key(key), algorithms=[ALGORITHM])
        except BadSignatureError:
            continue
    return None


def _registry() -> jwt.JWTClaimsRegistry:
    essential: dict[str, Any] = {name: {"essential": True} for name in ("sub", "sid", "jti", "iat", "nbf", "exp")}
    return jwt.JWTClaimsRegistry(
        now=_seconds(wall_now()), iss={"essential": True, "value": settings().public_url}, **essential
    )


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
