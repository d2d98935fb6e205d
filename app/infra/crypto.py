"""Keys derived from the one secret (HKDF, RFC 5869), and the keyed hashes made with them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.infra.config import settings


@cache
def derived_key(secret: str, label: str) -> bytes:
    """Return 32 bytes for one purpose, so that a key for one use proves nothing about another."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label.encode()).derive(secret.encode())


def current_key(label: str) -> bytes:
    """Return the key with which we sign now."""
    return derived_key(settings().secret_key, label)


def accepted_keys(label: str) -> list[bytes]:
    """Return the keys that we still accept: the current one and, during a rotation, the previous one."""
    secrets = [settings().secret_key, settings().secret_key_previous]
    return [derived_key(secret, label) for secret in secrets if secret]


def keyed_hash(label: str, value: str) -> bytes:
    """Return the HMAC-SHA256 under which a high-entropy token is stored."""
    return hmac.digest(current_key(label), value.encode(), hashlib.sha256)


def accepted_hashes(label: str, value: str) -> list[bytes]:
    """Return the hashes under which a token may be stored, through a key rotation."""
    return [hmac.digest(key, value.encode(), hashlib.sha256) for key in accepted_keys(label)]


def mac(label: str, message: str) -> str:
    """Return a MAC of 43 characters that can stand in a path (base64url without padding)."""
    return _url_mac(current_key(label), message)


def mac_is_valid(label: str, message: str, candidate: str) -> bool:
    """Compare in constant time, with the current and the previous key; any text is a candidate."""
    given = candidate.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(_url_mac(key, message).encode(), given) for key in accepted_keys(label)]
    return any(matches)


def _url_mac(key: bytes, message: str) -> str:
    digest = hmac.digest(key, message.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
