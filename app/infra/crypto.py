"""Keys derived from the one secret (HKDF, RFC 5869): keyed hashes, and what is encrypted at rest."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.infra.config import settings
from app.kernel.errors import PermanentFailure

KEY_ID_BYTES = 4
NONCE_BYTES = 12  #: NIST SP 800-38D §8.2: 96 random bits


class Undecipherable(PermanentFailure):
    """What is stored was not encrypted for this place, or with a key that is gone: SECRET_KEY was changed twice."""


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


def encrypt(label: str, text: str, *, bound_to: str) -> bytes:
    """Return the text under AES-256-GCM: key id, nonce, ciphertext with its tag.

    `label` is the purpose and `bound_to` the row: copied to another column or row it cannot be read there.
    """
    key, nonce = current_key(label), secrets.token_bytes(NONCE_BYTES)
    return _key_id(key) + nonce + AESGCM(key).encrypt(nonce, text.encode(), _place(label, bound_to))


def decrypt(label: str, sealed: bytes, *, bound_to: str) -> str:
    """Return the text again, through a key rotation; raise Undecipherable."""
    key_id, rest = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES:]
    nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    for key in accepted_keys(label):
        if hmac.compare_digest(_key_id(key), key_id):
            try:
                return AESGCM(key).decrypt(nonce, ciphertext, _place(label, bound_to)).decode()
            except (InvalidTag, ValueError):
                break
    raise Undecipherable(f"a stored {label} cannot be read")


def _key_id(key: bytes) -> bytes:
    """Return what names a key and tells nothing of it."""
    return hashlib.sha256(b"key id:" + key).digest()[:KEY_ID_BYTES]


def _place(label: str, bound_to: str) -> bytes:
    return f"{label}\0{bound_to}".encode()


def _url_mac(key: bytes, message: str) -> str:
    digest = hmac.digest(key, message.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
