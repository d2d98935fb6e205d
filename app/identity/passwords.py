"""Passwords: argon2id (RFC 9106) with OWASP's m=46 MiB, t=1, p=1.

A hash takes 54 ms and 46 MiB, which makes signing in the cheapest way to bring a server down: only so many run at
once in a process, and who waits too long is sent away.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.infra.config import settings
from app.kernel.errors import TooMany

MIN_LENGTH, MAX_LENGTH = 12, 128

PLACES = 2
PATIENCE_SECONDS = 2.0
_places = threading.BoundedSemaphore(PLACES)


class Busy(TooMany):
    """Too many people sign in at this moment: try again in a few seconds."""


def hash_password(password: str) -> str:
    """Return the hash to store, with its parameters (PHC string); raise Busy."""
    with hashing_place():
        return _hasher(settings().argon2_memory_kib).hash(_composed(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Compare with a stored hash; None, for nobody's, takes as long and is always wrong. Raise Busy."""
    hasher = _hasher(settings().argon2_memory_kib)
    with hashing_place():
        try:
            hasher.verify(password_hash or _nobodys_hash(hasher), _composed(password))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return _hasher(settings().argon2_memory_kib).check_needs_rehash(password_hash)


@contextmanager
def hashing_place() -> Iterator[None]:
    """Hold one of the places in which this process hashes; raise Busy when none comes free in time."""
    if not _places.acquire(timeout=PATIENCE_SECONDS):
        raise Busy(retry_after=2)
    try:
        yield
    finally:
        _places.release()


@cache
def _hasher(memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1)


@cache
def _nobodys_hash(hasher: PasswordHasher) -> str:
    return hasher.hash("the password of nobody")


def _composed(password: str) -> str:
    """Two keyboards may send an é in two ways (Unicode NFC makes them one)."""
    return unicodedata.normalize("NFC", password)
