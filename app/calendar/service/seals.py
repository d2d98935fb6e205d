"""How tokens lie in the database: encrypted, each bound to its column and its user."""

from __future__ import annotations

from uuid import UUID

from app.infra import crypto

REFRESH = "google refresh token"
ACCESS = "google access token"


def seal(label: str, token: str, user_id: UUID) -> bytes:
    """Return a token as it is stored."""
    return crypto.encrypt(label, token, bound_to=str(user_id))


def open_seal(label: str, sealed: bytes, user_id: UUID) -> str:
    """Return a stored token; raise crypto.Undecipherable."""
    return crypto.decrypt(label, sealed, bound_to=str(user_id))
