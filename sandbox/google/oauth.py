"""Google's token, revocation, key and userinfo endpoints.

Sources: developers.google.com/identity/protocols/oauth2/web-server and /identity/openid-connect/openid-connect.
"""

from __future__ import annotations

import time

from flask import Blueprint, Response, jsonify, request

from sandbox.google import errors, trouble
from sandbox.google.clients import read_client
from sandbox.google.door import door
from sandbox.google.errors import OAuthError
from sandbox.google.grants import Consent, Exchange
from sandbox.google.keys import ISSUER
from sandbox.google.people import subject_of
from sandbox.google.scopes import EMAIL, KNOW_PERSON, OPENID
from sandbox.world import world

blueprint = Blueprint("oauth", __name__, url_prefix="/google")
errors.install(blueprint)


@blueprint.post("/token")
def token() -> Response:
    """Exchange a code, or a refresh token, for an access token."""
    client_id = read_client(world().google_client)
    match request.form.get("grant_type"):
        case "authorization_code":
            return exchange_code(client_id)
        case "refresh_token":
            return refresh(client_id)
        case _:
            raise OAuthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")


def exchange_code(client_id: str) -> Response:
    """Answer a code with tokens; raises `OAuthError`."""
    form, grants = request.form, world().grants
    asked = Exchange(form.get("code", ""), client_id, form.get("redirect_uri", ""), form.get("code_verifier"))
    occasion = trouble.occasion("token", email_of(asked.code))
    trouble.before(occasion)
    consent, refresh_token = grants.exchange(asked)
    more = {"refresh_token": refresh_token} if refresh_token else {}
    return trouble.after(occasion, tokens(consent, **more))


def refresh(client_id: str) -> Response:
    """Answer a refresh token with an access token, and no other refresh token; raises `OAuthError`."""
    given = request.form.get("refresh_token", "")
    occasion = trouble.occasion("refresh", email_of(given))
    trouble.before(occasion)
    return trouble.after(occasion, tokens(world().grants.refresh(given, client_id)))


@blueprint.post("/revoke")
def revoke() -> Response:
    """End the grant behind a token of either kind; a token that is gone already is 400 invalid_token."""
    given = request.form.get("token") or request.args.get("token", "")
    occasion = trouble.occasion("revoke", email_of(given))
    trouble.before(occasion)
    if not world().grants.revoke(given):
        raise OAuthError("invalid_token", "Token expired or revoked")
    return trouble.after(occasion, jsonify({}))


@blueprint.get("/v1/userinfo")
@door("userinfo", KNOW_PERSON)
def userinfo(consent: Consent) -> Response:
    """Tell who the account is, as far as the scopes go."""
    return jsonify(person(consent))


@blueprint.get("/oauth2/v1/certs")
def certificates() -> Response:
    """Tell the keys of id_tokens as certificates, by key id."""
    key = world().google_key
    return jsonify({key.id: key.certificate})


@blueprint.get("/oauth2/v3/certs")
def key_set() -> Response:
    """Tell the keys of id_tokens as a JWK set."""
    return jsonify(keys=[world().google_key.jwk()])


def tokens(consent: Consent, **more: str) -> Response:
    """Write the answer of the token endpoint; `expires_in` is a second short, as Google's is."""
    grants = world().grants
    body = {
        "access_token": grants.open_access(consent),
        "expires_in": max(1, grants.token_seconds - 1),
        "scope": " ".join(consent.scopes),
        "token_type": "Bearer",
        **more,
    }
    if OPENID in consent.scopes:
        body["id_token"] = world().google_key.sign(claims(consent))
    return jsonify(body)


def claims(consent: Consent) -> dict[str, object]:
    """Return the claims of an id_token (OpenID Connect Core, 2); wall time, whoever verifies it has no other."""
    now = int(time.time())
    told: dict[str, object] = {"iss": ISSUER, "azp": consent.client_id, "aud": consent.client_id}
    told |= person(consent) | {"iat": now, "exp": now + world().grants.token_seconds}
    return told | ({"nonce": consent.nonce} if consent.nonce else {})


def person(consent: Consent) -> dict[str, object]:
    """Return sub, and the mail address where the scopes allow it."""
    mail = {"email": consent.email, "email_verified": True} if EMAIL in consent.scopes else {}
    return {"sub": subject_of(consent.email), **mail}


def email_of(given: str) -> str:
    """Return the account behind a code or token, for the filters of faults; empty when there is none."""
    consent = world().grants.peek(given)
    return consent.email if consent else ""
