"""The authorization request: what a client asks a person for, in the query of the consent page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.google.scopes import read_scopes, unknown
from sandbox.loopback import NotLoopbackError, check_url

PROMPTS = {"none", "consent", "select_account"}


class RefusedAuthorizationError(ValueError):
    """The request is not one that Google takes: its error code, and a sentence."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Authorization:
    """A checked request; `state` and `nonce` are the client's own."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    challenge: str | None
    offline: bool
    renew: bool
    login_hint: str

    def redirect(self, **answer: str) -> str:
        """Return where the browser goes with the answer, the state beside it."""
        told = ({"state": self.state} if self.state is not None else {}) | answer
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{urlencode(told)}"


def read_authorization(query: Mapping[str, str], known_client: str | None) -> Authorization:
    """Check the request; raises `RefusedAuthorizationError`.

    Source: developers.google.com/identity/protocols/oauth2/web-server. Stricter than Google: PKCE by S256 only, and
    redirect_uri on loopback, because no other client is registered here.
    """
    _check_client(query, known_client)
    if query.get("response_type") != "code":
        raise RefusedAuthorizationError("unsupported_response_type", "response_type must be code")
    prompts = set(query.get("prompt", "").split())
    if not prompts <= PROMPTS:
        raise RefusedAuthorizationError("invalid_request", f"prompt is made of {', '.join(sorted(PROMPTS))}")
    if query.get("access_type", "online") not in {"online", "offline"}:
        raise RefusedAuthorizationError("invalid_request", "access_type must be online or offline")
    return Authorization(
        client_id=query["client_id"],
        redirect_uri=query["redirect_uri"],
        scopes=_scopes(query.get("scope", "")),
        state=query.get("state"),
        nonce=query.get("nonce"),
        challenge=_challenge(query),
        offline=query.get("access_type") == "offline",
        renew="consent" in prompts,
        login_hint=query.get("login_hint", ""),
    )


def _check_client(query: Mapping[str, str], known_client: str | None) -> None:
    client_id = query.get("client_id")
    if not client_id or known_client not in {None, client_id}:
        raise RefusedAuthorizationError("invalid_client", "The OAuth client was not found.")
    try:
        check_url(query.get("redirect_uri", ""))
    except NotLoopbackError as error:
        raise RefusedAuthorizationError("redirect_uri_mismatch", f"redirect_uri {error}") from error


def _scopes(text: str) -> tuple[str, ...]:
    scopes = read_scopes(text)
    if not scopes:
        raise RefusedAuthorizationError("invalid_request", "Missing required parameter: scope")
    if strange := unknown(scopes):
        raise RefusedAuthorizationError("invalid_scope", f"there is no scope {' '.join(strange)}")
    return tuple(scopes)


def _challenge(query: Mapping[str, str]) -> str | None:
    challenge = query.get("code_challenge")
    if challenge is None:
        return None
    if query.get("code_challenge_method") != "S256" or not re.fullmatch(r"[A-Za-z0-9_-]{43}", challenge):
        raise RefusedAuthorizationError("invalid_request", "code_challenge must be 43 characters of method S256")
    return challenge
