"""The OAuth client: who may ask, and how it proves who it is."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import request

from sandbox.google.errors import OAuthError


@dataclass(frozen=True, slots=True)
class Client:
    """The client that is registered here; None stands for any."""

    id: str | None = None
    secret: str | None = None

    def admits(self, client_id: str, secret: str) -> bool:
        """Tell whether a client that shows this id and secret is known."""
        return _same(client_id, self.id) and _same(secret, self.secret)


def read_client(known: Client) -> str:
    """Return the id of the client that calls, by HTTP Basic or in the form (RFC 6749, 2.3.1).

    Raises `OAuthError` invalid_client.
    """
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        client_id, secret = basic.username or "", basic.password or ""
    else:
        client_id, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    if not known.admits(client_id, secret):
        raise OAuthError("invalid_client", "The OAuth client was not found, or its secret is wrong.", 401)
    return client_id


def _same(given: str, wanted: str | None) -> bool:
    return given != "" if wanted is None else hmac.compare_digest(given.encode(), wanted.encode())
