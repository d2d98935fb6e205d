"""What the toolkit promises holds on every route of the real application."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from app.infra.db import session_scope
from app.web.access import DOCUMENTS
from tests.factories.identity import make_user, token_for

BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "an unknown field": b'{"no_such_field": 1}',
    "a field twice": b'{"a": 1, "a": 2}',
    "NUL": b'{"a": "\\u0000"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a number beyond 64 bits": b'{"a": 99999999999999999999}',
    "NaN": b'{"a": NaN}',
    "invalid UTF-8": b'{"a": "\xff"}',
    "deep nesting": b"[" * 50_000,
    "too much": b'{"a": "' + b"x" * 70_000 + b'"}',
}
PATHS = {"uuid": "01a1fad5-4f71-7c02-a3ed-2a6e275bfec1", None: "x%00y"}
_PARAMETER = re.compile(r"<(?:(?P<kind>[a-z]+):)?(?P<name>\w+)>")

_keys = itertools.count(1)


@pytest.fixture
def signed_in(client):
    """Return the headers of somebody who may do everything."""
    with session_scope() as session:
        return token_for(make_user(session, roles=["admin"]))


@pytest.fixture
def web(flask_app):
    """Return a client for what needs no database."""
    return flask_app.test_client()


@pytest.fixture
def routes(flask_app):
    """Return every (method, path, rule) of the application but those that serve documents."""
    found = [
        (method, _PARAMETER.sub(lambda part: PATHS[part["kind"]], rule.rule), rule)
        for rule in flask_app.url_map.iter_rules()
        if rule.endpoint not in DOCUMENTS and not rule.endpoint.startswith("documents.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    ]
    assert len(found) > 40
    return found


def documented(rule):
    """Return the path of a route as the API document writes it."""
    return _PARAMETER.sub(r"{\g<name>}", rule.rule)


def assert_refused_well(answer, where):
    if where.startswith("GET /health"):
        return  # 503 is what it has to say where no worker runs
    assert answer.status_code < 500, f"{where}: {answer.status_code}"
    if answer.status_code >= 400:
        assert answer.content_type == "application/problem+json", where
        assert answer.get_json()["instance"] == answer.headers["X-Request-Id"]


def test_no_body_whatever_brings_a_route_down(client, signed_in, routes):
    for method, path, rule in routes:
        if method in {"POST", "PUT", "PATCH"}:
            for what, body in BODIES.items():
                for headers in ({}, signed_in | {"Idempotency-Key": f"k-{next(_keys)}"}):
                    answer = client.open(
                        path, method=method, data=body, headers=headers, content_type="application/json"
                    )
                    assert_refused_well(answer, f"{method} {rule} with {what}")


def test_a_body_that_cannot_be_read_is_never_accepted(client, signed_in, routes):
    paths = client.get("/openapi.json").get_json()["paths"]
    reading = [
        (method, path, rule)
        for method, path, rule in routes
        if "requestBody" in paths.get(documented(rule), {}).get(method.lower(), {})
    ]
    assert len(reading) > 15
    for method, path, rule in reading:
        for body in (b"{", b'{"a": 1, "a": 2}', b'{"no_such_field": 1}'):
            headers = signed_in | {"Idempotency-Key": f"k-{next(_keys)}", "Content-Type": "application/json"}
            answer = client.open(path, method=method, data=body, headers=headers)
            assert answer.status_code in {400, 403, 404, 409, 422, 429}, f"{method} {rule}: {answer.status_code}"


def test_no_query_whatever_brings_a_route_down(client, signed_in, routes):
    for method, path, rule in routes:
        for query in ("limit=0", "limit=x", "cursor=x", "cursor=%00", "limit=1&cursor=W10", "x=%00"):
            if method == "GET":
                for headers in ({}, signed_in):
                    assert_refused_well(client.get(f"{path}?{query}", headers=headers), f"GET {rule} with {query}")


def test_another_method_is_405_and_says_which_are_allowed(web, routes):
    for _, path, rule in routes:
        answer = web.open(path, method="TRACE")
        assert answer.status_code == 405, rule
        assert answer.content_type == "application/problem+json"
        assert set(answer.allow) >= rule.methods - {"HEAD"}


def test_the_api_document_says_who_may_call_as_the_routes_do(web, flask_app, routes):
    paths = web.get("/openapi.json").get_json()["paths"]
    shown = [(method, rule) for method, _, rule in routes if method.lower() in paths.get(documented(rule), {})]
    assert len(shown) > 30
    for method, rule in shown:
        public = flask_app.view_functions[rule.endpoint].access.startswith("public")
        assert bool(paths[documented(rule)][method.lower()].get("security")) != public, f"{method} {rule}"


def test_the_api_document_names_no_outside_address_but_in_examples(web):
    def kept(pairs):
        return {name: value for name, value in pairs if name != "examples"}

    text = json.dumps(json.loads(web.get("/openapi.json").text, object_pairs_hook=kept))
    assert "https://" not in text
    assert "http://" not in text
