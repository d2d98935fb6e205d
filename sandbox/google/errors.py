"""How Google says no: one shape for the APIs, another (RFC 6749, 5.2) for OAuth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify

from sandbox.reading import UnreadableError

USAGE_LIMITS = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "dailyLimitExceeded",
    "accessNotConfigured",
}
"""Reasons of the domain `usageLimits`; all others are `global`."""

STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}
"""Names of codes that Google's newer front answers with."""


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal of an API: HTTP status, Google's reason, its sentence, and more headers."""

    status: int
    reason: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_response(self) -> Response:
        """Write it as developers.google.com/workspace/calendar/api/guides/errors has it."""
        domain = "usageLimits" if self.reason in USAGE_LIMITS else "global"
        error = {"domain": domain, "reason": self.reason, "message": self.message}
        body: dict[str, object] = {"code": self.status, "message": self.message, "errors": [error]}
        if self.reason in {"authError", "insufficientPermissions"}:
            body["status"] = STATUSES[self.status]
        return _answer(self.status, {"error": body}, self.headers)


@dataclass(eq=False)
class OAuthError(Exception):
    """A refusal of the token or revocation endpoint: its error code and description."""

    error: str
    description: str
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_response(self) -> Response:
        """Write it as RFC 6749, 5.2 has it."""
        return _answer(self.status, {"error": self.error, "error_description": self.description}, self.headers)


def bad_credentials() -> ApiError:
    """Make the answer to a missing, unknown, expired or revoked access token."""
    return ApiError(
        401, "authError", "Invalid Credentials", {"WWW-Authenticate": 'Bearer realm="Google", error="invalid_token"'}
    )


def invalid(message: str) -> ApiError:
    """Make the answer to a value that Google does not take."""
    return ApiError(400, "invalid", message)


def not_found() -> ApiError:
    """Make the answer to a calendar or event that there is not."""
    return ApiError(404, "notFound", "Not Found")


def install(blueprint: Blueprint) -> None:
    """Let the blueprint answer refusals in Google's shapes."""
    blueprint.register_error_handler(ApiError, ApiError.as_response)
    blueprint.register_error_handler(OAuthError, OAuthError.as_response)
    blueprint.register_error_handler(UnreadableError, _unreadable)


def _unreadable(error: UnreadableError) -> Response:
    return ApiError(400, "parseError", f"Parse Error: {error}").as_response()


def _answer(status: int, body: dict[str, object], headers: Mapping[str, str]) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers.update(headers)
    return answer
