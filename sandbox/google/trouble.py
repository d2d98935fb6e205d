"""The faults of Google on order, in Google's own shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Response, redirect
from werkzeug.exceptions import HTTPException

from sandbox.faults import answers
from sandbox.faults.google_kinds import OAUTH_CALLS
from sandbox.faults.orders import Occasion
from sandbox.google.errors import ApiError, OAuthError, bad_credentials
from sandbox.google.meet import Conference
from sandbox.world import world

MESSAGES = {
    "backendError": "Backend Error",
    "rateLimitExceeded": "Rate Limit Exceeded",
    "userRateLimitExceeded": "User Rate Limit Exceeded",
    "quotaExceeded": "Calendar usage limits exceeded.",
    "dailyLimitExceeded": "Daily Limit Exceeded",
    "forbiddenForNonOrganizer": "Shared properties can only be changed by the organizer of the event.",
    "insufficientPermissions": "Insufficient Permission",
}


def occasion(call: str, email: str) -> Occasion:
    """Describe a call of the API or of OAuth, of one account."""
    return Occasion(on=call, group="oauth" if call in OAUTH_CALLS else "calendar", email=email)


def before(asked: Occasion) -> None:
    """Let the faults strike that come before any work; those that answer raise."""
    faults = world().faults
    if fault := faults.take("google_delay", asked):
        fault.over.wait(fault.seconds)
    if asked.on in {"token", "refresh"}:
        _before_tokens(asked)
    elif asked.on != "revoke":
        _before_work(asked)
    if fault := faults.take("google_429", asked):
        raise refusal(asked, 429, "rateLimitExceeded", {"Retry-After": str(max(1, round(fault.seconds)))})
    if fault := faults.take("google_5xx", asked):
        raise refusal(asked, fault.status, "backendError", {})
    if fault := faults.take("google_redirect", asked):
        raise HTTPException(response=redirect(fault.location))


def _before_tokens(asked: Occasion) -> None:
    if world().faults.take("google_invalid_grant", asked):
        world().grants.withdraw(str(asked.email))
        raise OAuthError("invalid_grant", "Token has been expired or revoked.")
    if world().faults.take("google_invalid_client", asked):
        raise OAuthError("invalid_client", "The OAuth client was not found.", 401)


def _before_work(asked: Occasion) -> None:
    if world().faults.take("google_401", asked):
        raise bad_credentials()
    if fault := world().faults.take("google_403", asked):
        raise ApiError(403, fault.reason, MESSAGES.get(fault.reason, "Forbidden"))


def after(asked: Occasion, answer: Response) -> Response:
    """Return the answer as it leaves the house after the work: as it is, or spoilt by a fault."""
    faults = world().faults
    if fault := faults.take("google_timeout_after_success", asked):
        return answers.silent(fault)
    if fault := faults.take("google_huge", asked):
        return answers.huge(fault)
    if fault := faults.take("google_drip", asked):
        return answers.dripping(fault, answer)
    return answer


def spoilt(email: str, summary: str, conference: Conference) -> Conference:
    """Return a conference that was just asked for: made at once, or as a fault on order has it."""
    faults, asked = world().faults, Occasion(email=email, summary=summary)
    pending = faults.take("google_pending", asked)
    fails = faults.take("google_conference_failure", asked) is not None
    return replace(conference, pending_polls=pending.polls if pending else None, fails=fails)


def refusal(asked: Occasion, status: int, reason: str, headers: Mapping[str, str]) -> ApiError | OAuthError:
    """Make an answer that says to try later, in the shape of the house that gives it."""
    if asked.on in {"token", "refresh", "revoke"}:
        error = "internal_failure" if status >= 500 else "rate_limit_exceeded"
        return OAuthError(error, MESSAGES[reason], status, headers)
    return ApiError(status, reason, MESSAGES[reason], headers)
