"""Every error answer is application/problem+json (RFC 9457), with a stable code and the request's id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Flask, Response
from flask_smorest import Api
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.infra import db, sentry
from app.infra.correlation import correlation_id
from app.kernel.errors import InvalidInput, Refusal, TooMany
from app.web.pointers import below

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

#: Codes of answers that the framework itself gives.
CODES = {
    400: "unreadable", 404: "not_found", 405: "method_not_allowed", 408: "request_timeout", 413: "body_too_large",
    415: "unsupported_media_type", 422: "invalid_input", 429: "too_many_requests", 500: "internal_error",
    503: "try_again",
}  # fmt: skip


class FieldProblem(ma.Schema):
    """One field that cannot be accepted."""

    pointer = ma.fields.String(required=True, metadata={"description": "JSON pointer (RFC 6901) of the field"})
    message = ma.fields.String(required=True)


class Problem(ma.Schema):
    """What went wrong, for a program (`code`) and for a person (`detail`)."""

    type = ma.fields.String(required=True)
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    instance = ma.fields.String(required=True, metadata={"description": "the request id"})
    code = ma.fields.String(required=True)
    errors = ma.fields.List(ma.fields.Nested(FieldProblem), metadata={"description": "with status 422"})


class ProblemApi(Api):
    """flask-smorest with problem+json in its answers and in its document."""

    ERROR_SCHEMA = Problem

    DEFAULT_RESPONSE_CONTENT_TYPE: str

    def _register_responses(self) -> None:
        shown = self.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = CONTENT_TYPE
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = shown

    def _register_error_handlers(self) -> None:
        register(self._app)


def register(app: Flask) -> None:
    """Render every way in which a request can end badly."""
    app.register_error_handler(Refusal, render_refusal)
    app.register_error_handler(HTTPException, render_http_exception)
    app.register_error_handler(DBAPIError, render_database_error)
    app.register_error_handler(PoolTimeout, render_absence)
    app.register_error_handler(Exception, render_unexpected)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer; `errors` are {pointer, message} of the fields."""
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": correlation_id(),
        "code": code,
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = errors or [{"pointer": "", "message": detail}]
    return Response(json.dumps(body, ensure_ascii=False), status, dict(headers or {}), content_type=CONTENT_TYPE)


def render_refusal(refusal: Refusal) -> Response:
    """Render one of our own refusals."""
    errors = None
    headers: dict[str, str] = {}
    if isinstance(refusal, InvalidInput):
        errors = [{"pointer": refusal.pointer, "message": refusal.detail}]
    if isinstance(refusal, TooMany):
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(refusal.status, refusal.code, refusal.detail, errors=errors, headers=headers)


def render_http_exception(error: HTTPException) -> Response:
    """Render what Flask, werkzeug or webargs raised, with its headers (Allow of a 405, Retry-After)."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    messages = getattr(error, "data", {}).get("messages")  # webargs: {location: {field: […]}}
    errors = [found for inner in messages.values() for found in _field_problems(inner)] if messages else None
    detail = "Some fields cannot be accepted: see errors." if errors else error.description or error.name
    return problem(status, CODES.get(status, "http_error"), detail, errors=errors, headers=headers)


def render_database_error(error: DBAPIError) -> Response:
    """Render contention and absence as 503 with Retry-After, and a value that the database cannot hold as 422."""
    if db.sqlstate(error) in db.RETRYABLE:
        return problem(503, "try_again", "Too many at once for this row: try again.", headers={"Retry-After": "1"})
    if isinstance(error, OperationalError):
        return render_absence(error)
    if isinstance(error, DataError):
        log.error("a value got as far as the database", exc_info=error)
        return problem(422, "invalid_input", "A value is outside what can be stored.")
    return render_unexpected(error)


def render_absence(error: SQLAlchemyError) -> Response:
    """Render a database that is away, shutting down, or has no connection left for us."""
    log.error("the database cannot be used: %s", type(error).__name__)
    return problem(503, "try_again", "We cannot serve this now: try again.", headers={"Retry-After": "2"})


def render_unexpected(error: Exception) -> Response:
    """Log and report a mistake of ours, and say nothing of it but its id."""
    log.error("a request failed", exc_info=error)
    sentry.capture(error)
    return problem(500, "internal_error", "This is our mistake. Tell us the instance, and we will find it.")


def _field_problems(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Turn marshmallow's nested messages into JSON pointers; `_schema` is about the object itself."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _field_problems(inner, path if key == "_schema" else below(path, key))
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _field_problems(message, path)
    else:
        yield {"pointer": path, "message": str(messages)}
