"""The API document says all of it: who may call, what to send, every answer, and an example of everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.web.refusals import catalogue
from tests.api.test_access import ROWS
from tests.architecture import api_document
from tests.architecture.sources import ROOT

METHODS = ("get", "post", "put", "patch", "delete")
WAITING = {"/api/v1/payments/{payment_id}", "/api/v1/bookings/{booking_id}", "/api/v1/payouts/{payout_id}"}


@pytest.fixture(scope="module")
def document(flask_app: Flask) -> dict[str, Any]:
    return flask_app.test_client().get("/openapi.json").get_json()


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    if "$ref" not in part:
        return part
    found = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def problems(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (status, content) of every answer that is a problem."""
    for status, answer in operation["responses"].items():
        content = resolved(document, answer).get("content", {})
        if "application/problem+json" in content:
            yield status, content["application/problem+json"]


def test_the_committed_document_is_the_one_that_is_served(flask_app: Flask) -> None:
    """`make docs` writes it."""
    assert (ROOT / "openapi.json").read_text() == api_document.document(flask_app)


def test_every_route_of_the_api_is_in_it(operations) -> None:
    pages = {path for _, path in ROWS if path.startswith(("/docs", "/openapi", "/problems")) or path == "/"}
    assert set(operations) == {row for row in ROWS if row[1] not in pages}


def test_it_says_who_may_call_as_the_matrix_does(operations) -> None:
    for row, operation in operations.items():
        permission, may = operation["x-permission"], ROWS[row]
        if row == ("GET", "/metrics"):  # in a test this machine may read it; who it is for has a token, and no role
            assert (permission["public"], operation["security"]) == (False, [{"metrics": []}])
            continue
        assert permission["public"] == (may["anonymous"] == "+"), row
        assert operation["security"] == ([] if permission["public"] else [{"bearer": []}]), row
        if permission["public"]:
            assert permission["why"], row
        elif permission["roles"]:
            allowed = {role for role, mark in may.items() if mark == "+"}
            assert allowed - {"admin"} == set(permission["roles"]) - {"admin"}, row
        else:
            assert [role for role, mark in may.items() if mark == "-"] == ["anonymous"], row


def test_it_says_of_what_has_an_id_whose_it_must_be(operations) -> None:
    """Of the back office it says so where somebody must not decide about what is their own."""
    told = {row for row, operation in operations.items() if "whose" in operation["x-permission"]}
    guarded = {row for row, operation in operations.items() if not operation["x-permission"]["public"]}
    theirs = {(method, path) for method, path in guarded if "_id}" in path and "/admin/" not in path}
    decisions = {
        ("POST", "/api/v1/admin/bookings/{booking_id}/resolve"),
        *(("POST", f"/api/v1/admin/payouts/{{payout_id}}/{how}") for how in ("approve", "reject", "resolve")),
    }
    assert told == theirs | decisions


def test_its_examples_of_times_follow_each_other(document, operations) -> None:
    """Sent as they stand, the first would otherwise be refused."""
    shapes = [one.get("properties", {}) for one in document["components"]["schemas"].values()]
    query = operations["GET", "/api/v1/mentors/{mentor_id}/slots"]["parameters"]
    shapes.append({one["name"]: one["schema"] for one in query if one["in"] == "query"})
    pairs = [
        (shape[begin]["examples"][0], shape[end]["examples"][0])
        for shape in shapes
        for begin, end in (("from", "to"), ("starts_at", "ends_at"), ("started_at", "ended_at"))
        if begin in shape and end in shape
    ]
    assert len(pairs) >= 4
    assert [pair for pair in pairs if pair[0] >= pair[1]] == []


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(operations) -> None:
    names = [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
    assert all(operation["summary"].endswith(".") for operation in operations.values())


def test_every_answer_is_named_by_its_status_and_has_the_request_id(document, operations) -> None:
    for row, operation in operations.items():
        assert "default" not in operation["responses"], row
        assert {"500", "503"} <= set(operation["responses"]), row
        for status, answer in operation["responses"].items():
            assert status.isdigit(), row
            assert "X-Request-Id" in resolved(document, answer)["headers"], (row, status)


def test_what_follows_from_the_decorators_is_there(operations) -> None:
    for (method, path), operation in operations.items():
        statuses = set(operation["responses"])
        keyed = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", []))
        assert ("401" in statuses) or operation["x-permission"]["public"], path
        assert ("403" in statuses) or not operation["x-permission"].get("roles"), path
        assert statuses >= {"400", "413", "415", "422"} or not (keyed or "requestBody" in operation), path
        assert "409" in statuses or not keyed, path
        assert "404" in statuses or "{" not in path, path
        waiting = any(one["name"] == "Prefer" for one in operation.get("parameters", []))
        assert waiting == (method == "GET" and path in WAITING), path


def test_every_error_is_a_problem_with_an_example_and_a_page(flask_app, document, operations) -> None:
    client = flask_app.test_client()
    for row, operation in operations.items():
        for status, content in problems(document, operation):
            codes = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
            examples = [resolved(document, one)["value"] for one in content["examples"].values()]
            assert {example["code"] for example in examples} == set(codes), row
            for example in examples:
                assert str(example["status"]) == status, row
                assert client.get(example["type"]).status_code == 200, row


def test_every_error_of_a_route_is_a_problem(document, operations) -> None:
    for row, operation in operations.items():
        errors = {status for status in operation["responses"] if status >= "400"}
        told = {status for status, _ in problems(document, operation)}
        assert errors - told == ({"503"} if row[1] in {"/health", "/health/ready"} else set()), row


def fields(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every field of every shape, and every parameter."""
    for name, shape in document["components"]["schemas"].items():
        for field, schema in shape.get("properties", {}).items():
            yield f"{name}.{field}", schema
    for path, item in document["paths"].items():
        for holder in (item, *(item[method] for method in METHODS if method in item)):
            for parameter in holder.get("parameters", []):
                yield f"{path} {parameter['name']}", parameter["schema"]


def shows_itself(schema: dict[str, Any]) -> bool:
    """Tell whether a reader sees what such a value is like."""
    if schema.get("type") == "array":
        return shows_itself(schema["items"])
    speaking = {"examples", "enum", "$ref", "anyOf", "default"} & set(schema)
    return bool(speaking) or schema.get("type") == "boolean" or isinstance(schema.get("additionalProperties"), dict)


def test_every_field_and_every_parameter_has_an_example(document) -> None:
    assert [name for name, schema in fields(document) if not shows_itself(schema)] == []


def test_every_code_has_a_page_that_says_what_to_do(flask_app) -> None:
    client = flask_app.test_client()
    index = client.get("/problems").text
    for code, (kind, *_) in catalogue().items():
        if kind.__module__.startswith("app."):
            page = client.get(f"/problems/{code}")
            assert page.content_type == "text/html; charset=utf-8"
            assert kind.advice(), f"{kind.__name__} does not say what to do"
            assert f'href="/problems/{code}"' in index
            assert f"<h1><code>{code}</code></h1>" in page.text


def test_a_code_that_nobody_answers_has_no_page(flask_app) -> None:
    answer = flask_app.test_client().get("/problems/no_such_code")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_no_two_refusals_have_one_name() -> None:
    """The document knows them by it."""
    names = [kind.__name__ for kinds in catalogue().values() for kind in kinds if kind.__module__.startswith("app.")]
    assert len(set(names)) == len(names)
