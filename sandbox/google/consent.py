"""The consent page, and the person's click on it."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import UnprocessableEntity

from sandbox.google.authorization import Authorization, RefusedAuthorizationError, read_authorization
from sandbox.google.grants import Consent
from sandbox.google.people import read_email
from sandbox.google.scopes import SIGN_IN, WORDS
from sandbox.refusals import refusal_page
from sandbox.world import world

SHOWN_ACCOUNTS = 8

blueprint = Blueprint("consent", __name__, url_prefix="/google/o/oauth2/v2/auth")


@blueprint.get("")
def show() -> Response:
    """Show who asks for what, a choice of accounts, and the buttons Allow and Deny."""
    asked = read_request()
    known = list(dict.fromkeys(consent.email for consent in world().grants.connected()))[:SHOWN_ACCOUNTS]
    page = render_template(
        "consent.html",
        asked=asked,
        words=WORDS,
        fixed=SIGN_IN,
        accounts=known,
        query=urlencode(list(request.args.items(multi=True))),
    )
    return make_response(page)


@blueprint.post("/allow")
def allow() -> Response:
    """Allow the client what is ticked, or all it asked for when nobody saw the page; go back with a code."""
    asked = read_request()
    scopes = ticked(asked)
    consent = Consent(
        client_id=asked.client_id,
        email=chosen_email(),
        scopes=scopes,
        redirect_uri=asked.redirect_uri,
        challenge=asked.challenge,
        nonce=asked.nonce,
        offline=asked.offline,
        renew=asked.renew,
    )
    code = world().grants.open_code(consent)
    return go(asked.redirect(code=code, scope=" ".join(scopes), authuser="0", prompt="consent"))


@blueprint.post("/deny")
def deny() -> Response:
    """Allow nothing; go back with access_denied."""
    return go(read_request().redirect(error="access_denied"))


def read_request() -> Authorization:
    """Read the query; raises `RefusedAuthorizationError`."""
    return read_authorization(request.args, world().google_client.id)


def ticked(asked: Authorization) -> tuple[str, ...]:
    """Return the scopes that were allowed: the form of the page names itself, so it can send none."""
    if "page" not in request.form:
        return asked.scopes
    kept = SIGN_IN | set(request.form.getlist("scope"))
    return tuple(scope for scope in asked.scopes if scope in kept)


def chosen_email() -> str:
    """Return the account that was chosen, in the form or in the query; 422 when it is no address."""
    email = read_email(request.form.get("email") or request.args.get("email") or request.args.get("login_hint", ""))
    if email is None:
        raise UnprocessableEntity("email must be the mail address of the account")
    return email


def go(target: str) -> Response:
    """Send the browser back to the client."""
    return make_response(redirect(target, 303))


@blueprint.errorhandler(RefusedAuthorizationError)
def refuse_authorization(error: RefusedAuthorizationError) -> Response:
    """Tell the person, not the client: who sent them is not trusted."""
    return refusal_page(401 if error.error == "invalid_client" else 400, f"Access blocked. {error}")
