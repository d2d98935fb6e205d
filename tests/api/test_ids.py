"""Ids in paths: malformed, of nothing, and of what is somebody else's: 404, and nothing is changed."""

from __future__ import annotations

import re

from flask import Flask

from app.kernel.ids import new_id
from tests.api.calls import BODIES, OTHERS, Call, pattern
from tests.api.scene import Scene, set_scene
from tests.booking.world import World, refusal

NAMING = [call for call in (*BODIES, *OTHERS) if re.search(r"/\{\w+\}", call.path)]
MALFORMED = (
    "7", "x" * 300, "%00", "a%2Fb", "..", "null", "é", "00000000-0000-0000-0000-00000000000g", "%ff", "'%20OR%201",
)  # fmt: skip


def send(scene: Scene, call: Call, url: str, who: str = ""):
    body = call.json(scene)
    return scene.world.client.open(url, method=call.method, json=body, headers=scene.headers(who or call.who))


def with_ids(call: Call, scene: Scene, identity: str) -> str:
    """Return the call's path with this in the place of what it names; its query as it should be."""
    path, _, query = call.path.partition("?")
    return "/api/v1" + re.sub(r"\{\w+\}", lambda _: identity, path) + ("?" + query.format(**scene.ids) if query else "")


def test_every_route_that_names_something_is_in_the_tables(flask_app: Flask) -> None:
    naming = {
        (method, pattern(rule))
        for rule in flask_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if "uuid" in rule.rule
    }
    assert {call.rule(flask_app) for call in NAMING} == naming


def test_what_does_not_exist_is_not_found(scene: Scene) -> None:
    for call in NAMING:
        answer = send(scene, call, with_ids(call, scene, str(new_id())))
        assert refusal(answer) == (404, "not_found"), call


def test_what_is_no_id_is_not_found(scene: Scene) -> None:
    for call in NAMING:
        for malformed in MALFORMED:
            answer = send(scene, call, with_ids(call, scene, malformed))
            assert refusal(answer)[0] in (404, 405), (call, malformed)  # 405: /mentors/.. is /


def test_what_is_somebody_elses_is_not_found(scene: Scene) -> None:
    for call in NAMING:
        for stranger in call.strangers:
            assert refusal(send(scene, call, call.url(scene), stranger)) == (404, "not_found"), (call, stranger)


def test_what_is_ones_own_is_found(world: World) -> None:
    """So that the others are refused for who they are."""
    scene = set_scene(world)
    for call in OTHERS:
        answer = send(scene, call, call.url(scene))
        assert answer.status_code == call.status, (call, answer.text)
