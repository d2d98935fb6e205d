"""Idempotency keys where the contract asks for them, and methods that a path does not have (API §1)."""

from __future__ import annotations

from flask import Flask
from werkzeug.test import TestResponse

from tests.api.calls import BODIES, OTHERS, Call, pattern
from tests.api.scene import Scene
from tests.api.test_access import ROWS, url
from tests.booking.world import refusal

KEYED_PATHS = (
    "/bookings", "/bookings/{unpaid}/cancel", "/bookings/{failed}/payments", "/wallet/top-ups", "/payouts",
)  # fmt: skip
KEYED = [call for call in (*BODIES, *OTHERS) if call.path in KEYED_PATHS]
NO_KEYS = ("", " ", "a b", "x" * 256, '"', '""', '"open', 'open"', "a\tb", "\xe9", '"a"b"', "a,b c")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")


def send(scene: Scene, call: Call, key: str | None) -> TestResponse:
    headers = scene.headers(call.who) | {"Idempotency-Key": key or ""}
    if key is None:
        del headers["Idempotency-Key"]
    return scene.world.client.open(call.url(scene), method=call.method, json=call.json(scene), headers=headers)


def test_the_document_asks_for_a_key_where_the_contract_does(flask_app: Flask) -> None:
    asking = {
        (method.upper(), path)
        for path, operations in flask_app.test_client().get("/openapi.json").json["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"  # those of the path
        and any(one.get("name") == "Idempotency-Key" for one in operation.get("parameters", []))
    }
    assert {call.rule(flask_app) for call in KEYED} == asking


def test_without_a_readable_key_nothing_is_done(scene: Scene) -> None:
    for call in KEYED:
        for key in (None, *NO_KEYS):
            assert refusal(send(scene, call, key)) == (400, "idempotency_key_required"), (call, key)


def test_a_method_that_a_path_does_not_have_is_refused_and_the_others_are_named(scene: Scene, flask_app: Flask) -> None:
    allowed: dict[str, set[str]] = {}
    for rule in flask_app.url_map.iter_rules():
        allowed.setdefault(pattern(rule), set()).update(rule.methods or set())
    for path, methods in allowed.items():
        for method in set(METHODS) - methods:
            answer = scene.world.client.open(url(path), method=method, headers=scene.headers("admin"))
            assert refusal(answer) == (405, "method_not_allowed"), (method, path)
            assert {one.strip() for one in answer.headers["Allow"].split(",")} == methods


def test_a_path_that_does_not_exist_is_not_found(scene: Scene) -> None:
    paths = ["/api", "/api/v1", "/api/v1/", "/api/v2/me", "/api/v1/me/", "/%00", "/static/x", "/" + "x" * 5_000]
    for path in paths:
        for method in METHODS:
            answer = scene.world.client.open(path, method=method, headers=scene.headers("admin"))
            assert refusal(answer) == (404, "not_found"), (method, path)


def test_head_is_answered_wherever_get_is_and_without_a_body(scene: Scene) -> None:
    for method, path in ROWS:
        if method == "GET":
            headers = scene.headers("admin")
            answer = scene.world.client.head(url(path), headers=headers, buffered=True)
            assert answer.data == b""
            assert answer.status_code < 500 or path.startswith("/health")
