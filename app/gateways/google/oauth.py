"""Google's OAuth 2.0 for web servers (RFC 6749 with PKCE, RFC 7636) and OpenID Connect's userinfo.

Source: developers.google.com/identity/protocols/oauth2/web-server.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import urlencode

from app.gateways.google.errors import ClientRefused, GoogleLimited, GoogleRefused, GoogleUnavailable, GrantLost
from app.infra import http
from app.infra.calls import Operation
from app.infra.config import settings
from app.kernel.errors import PermanentFailure, UnknownOutcome

EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"

#: The least that does it: who somebody is, and the events of calendars that are their own.
SCOPES = ("openid", "https://www.googleapis.com/auth/userinfo.email", EVENTS)

#: Answers after which the same request may succeed; the rest of what is not 200 is an answer to this request.
BUSY = frozenset({408, 500, 502, 503, 504})

CLIENT_ERRORS = frozenset({"invalid_client", "deleted_client", "unauthorized_client", "redirect_uri_mismatch"})

#: How long an access token lives where Google does not say; seconds.
SHORT_LIFE = 300

#: How long we believe one at the most; seconds.
LONG_LIFE = 86_400

#: Google promises 2,048 characters at the most.
_LONGEST_TOKEN = 4_096


@dataclass(frozen=True)
class Tokens:
    """What Google gave. `lifetime` is seconds; a renewal brings no refresh token: the old one stays good."""

    access: str = field(repr=False)
    lifetime: int
    scopes: frozenset[str]
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Account:
    """Whose calendar it is. `sub` never changes; the address may."""

    sub: str
    email: str


def authorization_url(*, state: str, verifier: str, redirect_uri: str) -> str:
    """Return the address of the consent page; a browser opens it."""
    query = {
        "client_id": settings().google_client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent select_account",  # without consent Google gives a refresh token the first time only
        "include_granted_scopes": "true",
    }
    return f"{settings().google_auth_url}?{urlencode(query)}"


def exchange(code: str, *, verifier: str, redirect_uri: str) -> Tokens:
    """Turn a code into tokens; raise GrantLost for a code that is no good, and what `renew` raises."""
    return _ask_for_tokens(
        {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": verifier,
            "redirect_uri": redirect_uri,
        }
    )


def renew(refresh_token: str) -> Tokens:
    """Get a new access token; raise GrantLost, ClientRefused, GoogleUnavailable, GoogleLimited or GoogleRefused."""
    return _ask_for_tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})


def account(access_token: str) -> Account:
    """Return whose token it is; raises as `renew` does."""
    reply = _send("userinfo", "GET", settings().google_userinfo_url, {"Authorization": f"Bearer {access_token}"})
    told = _read(reply)
    sub, email = told.get("sub"), told.get("email")
    if not _is_text(sub, 255) or not isinstance(email, str) or not email.isprintable() or len(email) > 254:
        raise GoogleRefused("Google did not say whose account it is")
    return Account(sub, email)


def revoke(refresh_token: str) -> None:
    """Give back what was allowed, all tokens of this account; one that is gone already counts as done."""
    reply = _send("revoke", "POST", settings().google_revoke_url, _FORM, {"token": refresh_token})
    if reply.status != 200 and _error_of(reply) != "invalid_token":
        raise _failure(reply)


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _ask_for_tokens(grant: Mapping[str, str]) -> Tokens:
    client = {"client_id": settings().google_client_id, "client_secret": settings().google_client_secret}
    told = _read(_send("token", "POST", settings().google_token_url, _FORM, {**grant, **client}))
    access, refresh, lifetime = told.get("access_token"), told.get("refresh_token"), told.get("expires_in")
    if not _is_text(access, _LONGEST_TOKEN) or not (refresh in (None, "") or _is_text(refresh, _LONGEST_TOKEN)):
        raise GoogleRefused("Google answered with something that is no token")
    scopes = frozenset(str(told.get("scope", "")).split())
    believed = min(max(lifetime, 0), LONG_LIFE) if type(lifetime) is int else SHORT_LIFE
    return Tokens(access, believed, scopes, refresh or None)


def _is_text(told: object, longest: int) -> TypeGuard[str]:
    """Tell whether it is a text of visible ASCII (RFC 6749 appendix A.12) that can be kept and sent in a header."""
    return isinstance(told, str) and told.isascii() and told.isprintable() and 0 < len(told) <= longest


def _send(
    operation: str, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
) -> http.Reply:
    body = urlencode(form).encode() if form is not None else None
    try:
        return http.send(
            method,
            url,
            operation=Operation("google", operation),
            headers={"Accept": "application/json", **headers},
            body=body,
        )
    except UnknownOutcome as error:
        # Asking twice does no harm: a refresh token is not spent by use, and a code that was is refused.
        raise GoogleUnavailable(str(error)) from error


def _read(reply: http.Reply) -> dict[str, Any]:
    if reply.status != 200:
        raise _failure(reply)
    try:
        told = reply.json()
    except PermanentFailure as error:
        raise GoogleUnavailable("Google answered with something that cannot be read") from error
    if not isinstance(told, dict):
        raise GoogleRefused("Google answered with something that is no object")
    return told


def _failure(reply: http.Reply) -> GoogleUnavailable | GoogleLimited | GrantLost | ClientRefused | GoogleRefused:
    error = _error_of(reply)
    if reply.status == 429:
        return GoogleLimited("Google asks us to slow down", retry_after=reply.retry_after)
    if reply.status in BUSY or error in {"internal_failure", "server_error"}:
        return GoogleUnavailable(f"Google answered {reply.status}", retry_after=reply.retry_after)
    if error == "invalid_grant":
        return GrantLost("Google does not know this grant any more")
    if error in CLIENT_ERRORS:
        return ClientRefused(f"Google refused our client: {error}")
    return GoogleRefused(f"Google answered {reply.status}")


def _error_of(reply: http.Reply) -> str:
    """Return the code of RFC 6749 §5.2, empty where there is none."""
    try:
        told = reply.json()
    except PermanentFailure:
        return ""
    error = told.get("error") if isinstance(told, dict) else None
    return error if isinstance(error, str) else ""


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
