"""Bad questions to every list: a problem that names the parameter (API §1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Flask

from app.web import cursors
from tests.api.calls import Call
from tests.api.scene import Scene
from tests.booking.world import refusal

#: Every route with a query: who asks, and with which parameters besides.
LISTS = (
    Call("GET", "/mentors", "anonymous"),
    Call("GET", "/mentors/{mentor}/offerings", "anonymous"),
    Call("GET", "/mentors/{mentor}/slots?offering_id={offering}&from={now}&to={soon}", "anonymous"),
    Call("GET", "/bookings", "learner"),
    Call("GET", "/wallet/transactions", "learner"),
    Call("GET", "/notifications", "learner"),
    Call("GET", "/admin/notifications", "support"),
    Call("GET", "/admin/dead-letters", "support"),
    Call("GET", "/payouts", "mentor"),
    Call("GET", "/admin/payouts", "finance"),
    Call("GET", "/calendar/google/callback?state=of-nobody", "anonymous", status=400),
)

NUL = "a\x00b"
NO_LIMITS = ("0", "101", "-1", "abc", "1.5", "", " ", "1e1", "0x10", "99999999999999999999", "9" * 5_000, "null", NUL)
NO_CURSORS = ("", "x", "é", "=", "a" * 10_000, "\u2028", NUL)


def questions(app: Flask, call: Call) -> dict[str, dict[str, Any]]:
    """Return the schemas of a route's parameters, by name, as its OpenAPI says."""
    method, path = call.rule(app)
    operation = app.test_client().get("/openapi.json").json["paths"][path][method.lower()]
    return {one["name"]: one["schema"] for one in operation.get("parameters", []) if one.get("in") == "query"}


def wrong(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """Yield what a parameter of this kind should not be."""
    yield NUL
    if name == "limit":
        yield from NO_LIMITS
    elif name == "cursor":
        yield from NO_CURSORS
        # A cursor of ours, but of another list; and one of this list's shape that nobody has signed.
        yield cursors.encode("another list", ["2027-01-01T00:00:00+00:00", "x"])
        yield cursors.encode("another list", [1]).swapcase()
    elif "enum" in schema or schema.get("type") == "boolean":
        yield from ("nonsense", "", "TRUE;", "[]")
    elif schema.get("format") == "uuid":
        yield from ("", "7", "x" * 300)
    elif schema.get("format") == "date-time":
        yield from ("", "yesterday", "2027-01-01", "2027-01-01T00:00:00", "2027-02-30T00:00:00Z", "9" * 400, "1e9")
    elif name == "timezone":
        yield from ("", "Nowhere", "../../etc/passwd", "Africa/Tunis/", "x" * 5_000)


def test_every_route_with_a_query_is_in_the_table(flask_app: Flask) -> None:
    asking = {
        ("GET", path)
        for path, operations in flask_app.test_client().get("/openapi.json").json["paths"].items()
        if any(one.get("in") == "query" for one in operations.get("get", {}).get("parameters", []))
    }
    assert {call.rule(flask_app) for call in LISTS} == asking


def test_a_wrong_parameter_is_refused_and_named(scene: Scene, flask_app: Flask) -> None:
    for call in LISTS:
        path, _, right = call.url(scene).partition("?")
        rest = dict(pair.split("=") for pair in right.split("&") if pair)
        for name, schema in questions(flask_app, call).items():
            for value in wrong(name, schema):
                query, headers = rest | {name: value}, scene.headers(call.who)
                answer = scene.world.client.get(path, query_string=query, headers=headers)
                assert refusal(answer) == (422, "invalid_input"), (path, name, value[:50], answer.text)
                assert [error["pointer"] for error in answer.json["errors"]] == [f"/{name}"]


def test_a_parameter_that_is_given_twice_is_refused_and_named(scene: Scene, flask_app: Flask) -> None:
    """Whoever stands between us and the caller may read the other one."""
    for call in LISTS:
        path, _, right = call.url(scene).partition("?")
        rest = dict(pair.split("=") for pair in right.split("&") if pair)
        for name in questions(flask_app, call):
            once = rest.get(name, "1")
            query = [*(pair for pair in rest.items() if pair[0] != name), (name, once), (name, once)]
            answer = scene.world.client.get(path, query_string=query, headers=scene.headers(call.who))
            assert refusal(answer) == (422, "invalid_input"), (path, name, answer.text)
            assert [error["pointer"] for error in answer.json["errors"]] == [f"/{name}"]


def test_what_a_question_needs_is_named_when_it_is_missing(scene: Scene, flask_app: Flask) -> None:
    for call in LISTS:
        path, _, right = call.url(scene).partition("?")
        needed = dict(pair.split("=") for pair in right.split("&") if pair)
        for name in needed:
            query = {key: value for key, value in needed.items() if key != name}
            answer = scene.world.client.get(path, query_string=query, headers=scene.headers(call.who))
            assert refusal(answer) == (422, "invalid_input")
            assert [error["pointer"] for error in answer.json["errors"]] == [f"/{name}"]


def test_a_right_question_is_answered_and_a_list_has_items_and_a_cursor(scene: Scene, flask_app: Flask) -> None:
    for call in LISTS:
        answer = scene.world.client.get(call.url(scene), headers=scene.headers(call.who))
        assert answer.status_code == call.status, answer.text
        if "cursor" in questions(flask_app, call):
            assert answer.json.keys() == {"items", "next_cursor"}
