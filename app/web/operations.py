"""Operations of the API document: what flask-smorest knows of a route, completed by what its decorators promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from apispec import APISpec

from app.kernel.errors import InvalidInput, Refusal, TooMany
from app.web.problems import CONTENT_TYPE, Problem, written
from app.web.promises import Promises
from app.web.refusals import OF_BODIES, InternalError, TryAgain
from app.web.schemas import EXAMPLE_ID

#: The ways in; one of them stands at every operation that is not public, `bearer` unless its permission names another.
SECURITY_SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "metrics": {"type": "http", "scheme": "bearer", "description": "The value of METRICS_TOKEN."},
}

#: Headers of answers, by their names in the document.
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The id that was sent, or one of ours: all that follows from the request bears it.",
        "required": True,
        "schema": {"type": "string", "examples": [EXAMPLE_ID]},
    },
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "examples": [1]}},
    "WWW-Authenticate": {"required": True, "schema": {"type": "string", "examples": ["Bearer"]}},
}


def prepare(spec: APISpec) -> None:
    """Enter what operations refer to."""
    for name, scheme in SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    spec.components.schema("Problem", schema=Problem)
    for name, header in HEADERS.items():
        spec.components.header(name, header)


def complete(doc: dict[str, Any], doc_info: dict[str, Any], *, spec: APISpec, **_: Any) -> dict[str, Any]:
    """Return the operation with permission, security, headers, and every answer that it can give (a callback)."""
    promises: Promises = doc_info.get("promises", Promises())
    doc["x-permission"] = dict(promises.permission)
    doc["security"] = _security(promises.permission)
    refusals = [*promises.refusals, *_of_the_plumbing(doc), InternalError, TryAgain]
    if promises.parameters:
        doc["parameters"] = [*doc.get("parameters", []), *promises.parameters]
    responses = {str(int(status)): answer for status, answer in doc.get("responses", {}).items() if status != 422}
    for answer in responses.values():
        answer["headers"] = {"X-Request-Id": "X-Request-Id", **promises.headers, **answer.get("headers", {})}
    doc["responses"] = dict(sorted({**_problems(spec, refusals), **responses}.items()))
    return doc


def _security(permission: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    return [] if permission.get("public") else [{permission.get("scheme", "bearer"): []}]


def _of_the_plumbing(doc: dict[str, Any]) -> Sequence[type[Refusal]]:
    if "requestBody" in doc:
        return OF_BODIES
    return (InvalidInput,) if doc.get("parameters") else ()


def _problems(spec: APISpec, refusals: Iterable[type[Refusal]]) -> dict[str, Any]:
    """Return an answer for each status: by reference where one refusal has the status for itself."""
    by_status: dict[str, list[type[Refusal]]] = {}
    for refusal in dict.fromkeys(refusals):
        by_status.setdefault(str(int(refusal.status)), []).append(refusal)
        if refusal.__name__ not in spec.components.examples:
            spec.components.example(refusal.__name__, _example(refusal))
    return {
        status: _shared(spec, found[0]) if len(found) == 1 else _response(found) for status, found in by_status.items()
    }


def _shared(spec: APISpec, refusal: type[Refusal]) -> str:
    if refusal.__name__ not in spec.components.responses:
        spec.components.response(refusal.__name__, _response([refusal]))
    return refusal.__name__


def _response(refusals: Sequence[type[Refusal]]) -> dict[str, Any]:
    codes = list(dict.fromkeys(refusal.code for refusal in refusals))
    headers = ["X-Request-Id"]
    if any(issubclass(refusal, TooMany) for refusal in refusals):
        headers.append("Retry-After")
    if refusals[0].status == HTTPStatus.UNAUTHORIZED:
        headers.append("WWW-Authenticate")
    return {
        "description": "\n".join(f"- [`{one.code}`](/problems/{one.code}): {one.sentence()}" for one in refusals),
        "headers": {name: name for name in headers},
        "content": {
            CONTENT_TYPE: {
                "schema": {"allOf": ["Problem", {"properties": {"code": {"enum": codes}}}]},
                "examples": {refusal.__name__: refusal.__name__ for refusal in refusals},
            }
        },
    }


def _example(refusal: type[Refusal]) -> dict[str, Any]:
    return {"summary": refusal.code, "value": written(refusal, refusal.sentence(), EXAMPLE_ID)}
