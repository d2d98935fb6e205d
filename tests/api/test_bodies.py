"""Bad bodies on every route that takes one: a problem below 500 that names the field, and nothing is changed."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.infra.config import settings
from tests.api.calls import BODIES, Call
from tests.api.scene import Scene, set_scene
from tests.api.wrong import CONTENT_TYPES, MORE_UNREADABLE, NO_OBJECT, UNREADABLE, replaced, twice, written
from tests.booking.world import World, refusal


def send(scene: Scene, call: Call, body: bytes, kind: str | None = "application/json") -> TestResponse:
    """Send raw bytes as somebody who may make the call."""
    return scene.world.client.open(
        call.url(scene), method=call.method, data=body, content_type=kind, headers=scene.headers(call.who)
    )


def pointers(answer: TestResponse) -> list[str]:
    return [error["pointer"] for error in answer.json["errors"]]


def document(flask_app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = flask_app.test_client().get("/openapi.json").json
    return found


def test_every_route_with_a_body_is_in_the_table(flask_app: Flask) -> None:
    taking_bodies = {
        (method.upper(), path)
        for path, operations in document(flask_app)["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    assert {call.rule(flask_app) for call in BODIES} == taking_bodies


def test_a_wrong_value_anywhere_is_refused_and_its_field_is_named(scene: Scene) -> None:
    accepted = []
    for call in BODIES:
        for pointer, body in replaced(call.json(scene)):
            if pointer in call.nullable and body[pointer[1:]] is None:
                continue
            answer = send(scene, call, written(body))
            if refusal(answer)[0] != 422 or not about(answer, pointer):
                accepted.append(f"{call} {pointer} {str(body)[:200]}: {answer.text}")
    assert accepted == []


def about(answer: TestResponse, pointer: str) -> bool:
    """Tell whether a refusal speaks of this value, of one in it, or of the whole that it is in."""
    (named, *_) = pointers(answer)
    return named.startswith(pointer) or (bool(named) and pointer.startswith(f"{named}/"))


def test_an_unknown_field_is_refused_and_named(scene: Scene) -> None:
    for call in BODIES:
        for name in ("surplus", "id", "__proto__", "a/b~c", "", "é", "x" * 1_000):
            answer = send(scene, call, written(call.json(scene) | {name: 1}))
            assert refusal(answer) == (422, "invalid_input"), call
            assert pointers(answer) == ["/" + name.replace("~", "~0").replace("/", "~1")], call


def test_a_missing_field_is_refused_and_named(scene: Scene, flask_app: Flask) -> None:
    described = document(flask_app)
    for call in BODIES:
        for name in required(described, call.rule(flask_app)):
            body = {key: value for key, value in call.json(scene).items() if key != name}
            answer = send(scene, call, written(body))
            assert refusal(answer) == (422, "invalid_input"), call
            assert pointers(answer) == [f"/{name}"], call


def required(described: dict[str, Any], rule: tuple[str, str]) -> list[str]:
    """Return the fields that a route cannot do without, as its OpenAPI says."""
    method, pattern = rule
    operation = described["paths"][pattern][method.lower()]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
    return list(described["components"]["schemas"][name].get("required", []))


def test_what_is_no_json_object_is_refused(scene: Scene) -> None:
    for call in BODIES:
        for body in (*UNREADABLE, *NO_OBJECT, *twice(call.json(scene))):
            answer = send(scene, call, body)
            assert refusal(answer)[0] == (400 if body in UNREADABLE else 422), (call, body[:20], answer.text)


def test_whatever_cannot_be_read_is_refused_as_unreadable(scene: Scene) -> None:
    (call,) = (one for one in BODIES if one.path == "/bookings")
    for body in MORE_UNREADABLE:
        assert refusal(send(scene, call, body)) == (400, "unreadable"), body[:20]


def test_what_is_not_said_to_be_json_is_refused(scene: Scene) -> None:
    for call in BODIES:
        for kind in CONTENT_TYPES:
            answer = send(scene, call, written(call.json(scene)), kind or None)
            assert refusal(answer) == (415, "unsupported_media_type"), (call, kind)


def test_a_body_above_the_limit_is_refused(scene: Scene) -> None:
    surplus = {"surplus": "x" * settings().max_body_bytes}
    for call in BODIES:
        assert refusal(send(scene, call, written(call.json(scene) | surplus))) == (413, "body_too_large"), call


def test_the_bodies_of_the_table_are_right(world: World) -> None:
    """So that the others are refused for what is wrong with them."""
    scene = set_scene(world)
    for call in BODIES:
        assert send(scene, call, written(call.json(scene))).status_code == call.status, call
