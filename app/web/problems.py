"""Every error answer is application/problem+json (RFC 9457), with a stable code and the request's id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import marshmallow as ma
from flask import Flask, Response
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.infra import db, sentry
from app.infra.correlation import correlation_id
from app.kernel.errors import InvalidInput, Refusal, TooMany
from app.web.pointers import below
from app.web.refusals import InternalError, TryAgain, of_the_framework
from app.web.schemas import EXAMPLE_ID

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

Errors = list[dict[str, str]]


class FieldProblem(ma.Schema):
    """One field that cannot be accepted."""

    pointer = ma.fields.String(
        required=True, metadata={"description": "JSON pointer (RFC 6901) of the field", "examples": ["/starts_at"]}
    )
    message = ma.fields.String(required=True, metadata={"examples": ["Missing data for required field."]})


class Problem(ma.Schema):
    """What went wrong, for a program (`code`) and for a person (`detail`)."""

    type = ma.fields.String(
        required=True,
        metadata={"description": "where this kind of problem is explained", "examples": ["/problems/slot_taken"]},
    )
    title = ma.fields.String(required=True, metadata={"examples": ["Conflict"]})
    status = ma.fields.Integer(required=True, metadata={"examples": [409]})
    detail = ma.fields.String(required=True, metadata={"examples": ["Somebody else has this time."]})
    instance = ma.fields.String(required=True, metadata={"description": "the request id", "examples": [EXAMPLE_ID]})
    code = ma.fields.String(required=True, metadata={"description": "stable", "examples": ["slot_taken"]})
    errors = ma.fields.List(ma.fields.Nested(FieldProblem), metadata={"description": "with status 422"})


def register(app: Flask) -> None:
    """Render every way in which a request can end badly."""
    app.register_error_handler(Refusal, render_refusal)
    app.register_error_handler(HTTPException, render_http_exception)
    app.register_error_handler(DBAPIError, render_database_error)
    app.register_error_handler(PoolTimeout, render_absence)
    app.register_error_handler(Exception, render_unexpected)


def written(
    kind: type[Refusal], detail: str, instance: str, *, status: int | None = None, errors: Errors | None = None
) -> dict[str, Any]:
    """Return the body of a problem; `errors` are {pointer, message} of the fields."""
    status = status or kind.status
    body: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": kind.code,
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        body["errors"] = errors or [{"pointer": "", "message": detail}]
    return body


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
    return _answer(written(type(refusal), refusal.detail, correlation_id(), errors=errors), headers)


def render_http_exception(error: HTTPException) -> Response:
    """Render what Flask, werkzeug or webargs raised, with its headers (Allow of a 405, Retry-After)."""
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    messages = getattr(error, "data", {}).get("messages")  # webargs: {location: {field: […]}}
    errors = [found for inner in messages.values() for found in _field_problems(inner)] if messages else None
    detail = "Some fields cannot be accepted: see errors." if errors else error.description or error.name
    kind = of_the_framework(status)
    return _answer(written(kind, detail, correlation_id(), status=status, errors=errors), headers)


def render_database_error(error: DBAPIError) -> Response:
    """Render contention and absence as 503 with Retry-After, and a value that the database cannot hold as 422."""
    if db.sqlstate(error) in db.RETRYABLE:
        return render_refusal(TryAgain("Too many at once for this row: try again.", retry_after=1))
    if isinstance(error, OperationalError):
        return render_absence(error)
    if isinstance(error, DataError):
        log.error("a value got as far as the database", exc_info=error)
        return render_refusal(InvalidInput("A value is outside what can be stored."))
    return render_unexpected(error)


def render_absence(error: SQLAlchemyError) -> Response:
    """Render a database that is away, shutting down, or has no connection left for us."""
    log.error("the database cannot be used: %s", type(error).__name__)
    return render_refusal(TryAgain(retry_after=2))


def render_unexpected(error: Exception) -> Response:
    """Log and report a mistake of ours, and say nothing of it but its id."""
    log.error("a request failed", exc_info=error)
    sentry.capture(error)
    return render_refusal(InternalError())


def _answer(body: dict[str, Any], headers: Mapping[str, str]) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, body["status"], dict(headers), content_type=CONTENT_TYPE)


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
