"""/auth/… and /me."""

from __future__ import annotations

from http import HTTPStatus

from app.identity import schemas, service
from app.identity.errors import EmailNotVerified, InvalidRefreshToken, InvalidVerificationToken, WrongCredentials
from app.identity.guards import requires
from app.identity.passwords import Busy
from app.kernel.errors import TooMany
from app.web.access import public
from app.web.actor import current_actor
from app.web.blueprint import room_blueprint
from app.web.promises import refuses
from app.web.transaction import request_scope

blueprint = room_blueprint("identity", "Register, prove your address, sign in, and say who you are.")

MAIL_IS_COMING = {"message": "If this address can be registered, a mail is on its way to it."}


@blueprint.route("/auth/register", methods=["POST"])
@public("nobody has an account before this")
@blueprint.arguments(schemas.RegistrationBody)
@blueprint.response(HTTPStatus.ACCEPTED, schemas.AcceptedAnswer)
@refuses(Busy)
def register(body: dict[str, str]) -> dict[str, str]:
    """Register an address. The answer is the same for one that is known already."""
    with request_scope() as session:
        service.register(session, service.Registration(**body))
    return MAIL_IS_COMING


@blueprint.route("/auth/resend-verification", methods=["POST"])
@public("who has not proved the address cannot sign in")
@blueprint.arguments(schemas.AddressBody)
@blueprint.response(HTTPStatus.ACCEPTED, schemas.AcceptedAnswer)
def resend_verification(body: dict[str, str]) -> dict[str, str]:
    """Ask for the mail again. The answer is the same for an address that is not known."""
    with request_scope() as session:
        service.resend_verification(session, body["email"])
    return MAIL_IS_COMING


@blueprint.route("/auth/verify-email", methods=["POST"])
@public("the token of the link is the proof")
@blueprint.arguments(schemas.LinkBody)
@blueprint.response(HTTPStatus.OK, schemas.VerifiedAnswer)
@refuses(InvalidVerificationToken)
def verify_email(body: dict[str, str]) -> dict[str, service.Profile]:
    """Prove an address with the token of the link that was mailed. It works once."""
    with request_scope() as session:
        return {"user": service.verify_email(session, body["token"])}


@blueprint.route("/auth/login", methods=["POST"])
@public("the password is the proof")
@blueprint.arguments(schemas.LoginBody)
@blueprint.response(HTTPStatus.OK, schemas.SignedInAnswer)
@refuses(WrongCredentials, EmailNotVerified, TooMany, Busy)
def login(body: dict[str, str]) -> service.SignedIn:
    """Sign in."""
    with request_scope() as session:
        return service.sign_in(session, body["email"], body["password"])


@blueprint.route("/auth/refresh", methods=["POST"])
@public("the refresh token is the proof")
@blueprint.arguments(schemas.RefreshBody)
@blueprint.response(HTTPStatus.OK, schemas.TokenPairAnswer)
@refuses(InvalidRefreshToken)
def refresh(body: dict[str, str]) -> service.TokenPair:
    """Get a new pair for a refresh token, which is spent. Shown again, it ends the sign-in."""
    with request_scope() as session:
        pair = service.refresh(session, body["refresh_token"])
    if pair is None:
        raise InvalidRefreshToken
    return pair


@blueprint.route("/auth/logout", methods=["POST"])
@public("the refresh token is the proof")
@blueprint.arguments(schemas.RefreshBody)
@blueprint.response(HTTPStatus.NO_CONTENT)
def logout(body: dict[str, str]) -> None:
    """End a sign-in, with its access tokens."""
    with request_scope() as session:
        service.sign_out(session, body["refresh_token"])


@blueprint.route("/me", methods=["GET"])
@requires()
@blueprint.response(HTTPStatus.OK, schemas.ProfileAnswer)
def get_me() -> service.Profile:
    """Return who you are."""
    with request_scope() as session:
        return service.get_profile(session, current_actor().id)


@blueprint.route("/me", methods=["PATCH"])
@requires()
@blueprint.arguments(schemas.ProfileChanges)
@blueprint.response(HTTPStatus.OK, schemas.ProfileAnswer)
def change_me(body: dict[str, str]) -> service.Profile:
    """Change your name or your time zone."""
    with request_scope() as session:
        return service.change_profile(session, current_actor().id, body)
