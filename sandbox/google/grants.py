"""What people have allowed: authorization codes, refresh tokens and access tokens, by client and account.

All of them live by wall time. Google keeps one grant for each client and account: revoking any of its tokens ends all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox.google.errors import OAuthError
from sandbox.store import Shelf

T = TypeVar("T")

CODE_SECONDS = 600
MOST_REMEMBERED = 100_000
"""Codes, and tokens of each kind: the newest."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What one click allowed: which client may do what in whose account.

    `challenge` is the S256 challenge of PKCE (RFC 7636); `offline` asks for a refresh token, `renew` for a new one
    although there is one already (prompt=consent).
    """

    client_id: str
    email: str
    scopes: tuple[str, ...]
    redirect_uri: str = ""
    challenge: str | None = None
    nonce: str | None = None
    offline: bool = False
    renew: bool = False
    at: float = field(default_factory=time.monotonic)

    @property
    def holder(self) -> tuple[str, str]:
        """The client and the account."""
        return self.client_id, self.email


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the client shows for a code: itself, the same redirect_uri, and the verifier of its challenge."""

    code: str
    client_id: str
    redirect_uri: str
    verifier: str | None


class Grants:
    """All codes and tokens; `token_seconds` is the life of an access token. Only refresh tokens outlive the process."""

    def __init__(self, lock: threading.RLock, shelf: Shelf[Consent], token_seconds: int) -> None:
        self._lock = lock
        self.token_seconds = token_seconds
        self._codes: OrderedDict[str, Consent] = OrderedDict()
        self._refresh = shelf
        self._access: OrderedDict[str, tuple[Consent, float]] = OrderedDict()

    def open_code(self, consent: Consent) -> str:
        """Give out a code for a consent; it serves once, for `CODE_SECONDS`."""
        code = f"4/0{secrets.token_urlsafe(48)}"
        with self._lock:
            _remember(self._codes, code, consent)
        return code

    def peek(self, token: str) -> Consent | None:
        """Tell what stands behind a code or token, without using it up."""
        with self._lock:
            return self._codes.get(token) or self._refresh.get(token) or self.find_access(token)

    def exchange(self, asked: Exchange) -> tuple[Consent, str | None]:
        """Take a code; return its consent, and a refresh token where one is due.

        Any try uses the code up. Raises `OAuthError` invalid_grant or redirect_uri_mismatch.
        """
        with self._lock:
            consent = self._codes.pop(asked.code, None)
            if consent is None or time.monotonic() - consent.at > CODE_SECONDS:
                raise OAuthError("invalid_grant", "Malformed auth code, or it was used or has expired.")
            _check_exchange(consent, asked)
            known = any(other.holder == consent.holder for other in self._refresh.values())
            refresh = self._open_refresh(consent) if consent.offline and (consent.renew or not known) else None
            return consent, refresh

    def refresh(self, token: str, client_id: str) -> Consent:
        """Tell what a refresh token allows; raises `OAuthError` invalid_grant."""
        with self._lock:
            consent = self._refresh.get(token)
        if consent is None or consent.client_id != client_id:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        return consent

    def open_access(self, consent: Consent) -> str:
        """Give out an access token that lives `token_seconds`."""
        token = f"ya29.{secrets.token_urlsafe(96)}"
        with self._lock:
            _remember(self._access, token, (consent, time.monotonic() + self.token_seconds))
        return token

    def find_access(self, token: str) -> Consent | None:
        """Tell what a live access token allows; None when it is unknown, expired or revoked."""
        with self._lock:
            consent, expires_at = self._access.get(token, (None, 0.0))
        return consent if time.monotonic() < expires_at else None

    def revoke(self, token: str) -> bool:
        """End the grant that a token of either kind belongs to; False when there is no such token."""
        with self._lock:
            consent = self._refresh.get(token) or self.find_access(token)
            if consent is not None:
                self.withdraw(consent.email, consent.client_id)
        return consent is not None

    def withdraw(self, email: str, client_id: str | None = None) -> None:
        """End all tokens of an account, or those of one client in it: the person has changed their mind."""
        with self._lock:
            for token, consent in list(self._refresh.items()):
                if consent.email == email and client_id in {None, consent.client_id}:
                    del self._refresh[token]
            for token, (consent, _) in list(self._access.items()):
                if consent.email == email and client_id in {None, consent.client_id}:
                    del self._access[token]

    def connected(self) -> list[Consent]:
        """List what clients may do offline, newest first, once for each client and account."""
        with self._lock:
            newest = {consent.holder: consent for consent in self._refresh.values()}
        return list(reversed(newest.values()))

    def _open_refresh(self, consent: Consent) -> str:
        token = f"1//0{secrets.token_urlsafe(48)}"
        self._refresh[token] = consent
        if len(self._refresh) > MOST_REMEMBERED:
            self._refresh.drop_oldest()
        return token


def _check_exchange(consent: Consent, asked: Exchange) -> None:
    if consent.client_id != asked.client_id:
        raise OAuthError("invalid_grant", "The code was given to another client.")
    if consent.redirect_uri != asked.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "Bad Request")
    if consent.challenge is None:
        return
    if asked.verifier is None:
        raise OAuthError("invalid_grant", "Missing code verifier.")
    if not hmac.compare_digest(challenge_of(asked.verifier).encode(), consent.challenge.encode()):
        raise OAuthError("invalid_grant", "Invalid code verifier.")


def challenge_of(verifier: str) -> str:
    """Compute the S256 challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _remember(known: OrderedDict[str, T], key: str, value: T) -> None:
    known[key] = value
    while len(known) > MOST_REMEMBERED:
        known.popitem(last=False)
