"""The door of Google's APIs: who calls, whether the scopes allow it, and the faults on order."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from flask import Response, request

from sandbox.google import trouble
from sandbox.google.errors import ApiError, bad_credentials
from sandbox.google.grants import Consent
from sandbox.world import world

P = ParamSpec("P")


def door(
    call: str, scopes: frozenset[str]
) -> Callable[[Callable[Concatenate[Consent, P], Response]], Callable[P, Response]]:
    """Let a view be called by who holds a live token with one of `scopes`; the view gets the consent behind it."""

    def around(view: Callable[Concatenate[Consent, P], Response]) -> Callable[P, Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            consent = authenticate()
            occasion = trouble.occasion(call, consent.email)
            trouble.before(occasion)
            if scopes.isdisjoint(consent.scopes):
                raise ApiError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
            return trouble.after(occasion, view(consent, *args, **kwargs))

        return guarded

    return around


def authenticate() -> Consent:
    """Return what the bearer token of this request allows; raises `ApiError` 401."""
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise bad_credentials()
    consent = world().grants.find_access(given.token)
    if consent is None:
        raise bad_credentials()
    return consent
