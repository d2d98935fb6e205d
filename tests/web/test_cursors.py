"""Cursors: opaque, bound to their list, and good for going through it once from end to end."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.infra import config
from app.kernel.errors import InvalidInput
from app.web import cursors
from tests.web.conftest import assert_problem


def walk(web, name, limit):
    items, cursor = [], None
    while True:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = web.get(f"/api/v1/{name}", query_string=query).get_json()
        items.append(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@pytest.mark.parametrize(
    ("limit", "pages"), [(3, [[0, 1, 2], [3, 4, 5], [6]]), (7, [list(range(7))]), (100, [list(range(7))])]
)
def test_a_list_is_walked_once_from_end_to_end(web, limit, pages):
    assert walk(web, "numbers", limit) == pages


def test_a_cursor_of_another_list_is_422(web):
    cursor = web.get("/api/v1/letters?limit=2").get_json()["next_cursor"]
    assert cursor
    assert_refused(web, cursor)


def test_a_cursor_that_was_changed_is_422(web):
    cursor = web.get("/api/v1/numbers?limit=2").get_json()["next_cursor"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert raw.endswith(b"[1]")
    assert_refused(web, base64.urlsafe_b64encode(raw[:-3] + b"[5]").decode().rstrip("="))
    assert_refused(web, base64.urlsafe_b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode().rstrip("="))


@pytest.mark.parametrize("cursor", ["", "x", "0", "é", "a" * 5_000, "W10=", "null", "[1]", "/../", "\udcff"])
def test_a_cursor_of_nobody_is_422(web, cursor):
    if cursor.isascii():
        assert_refused(web, cursor)
    with pytest.raises(InvalidInput):
        cursors.decode("numbers", cursor)


@given(st.lists(st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_position_comes_back(position):
    cursor = cursors.encode("numbers", position)
    assert cursors.decode("numbers", cursor) == position
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_a_cursor_outlives_the_rotation_of_the_key(services, monkeypatch):
    cursor = cursors.encode("numbers", [7])
    old = config.settings().secret_key
    try:
        monkeypatch.setenv("SECRET_KEY", "Vq3tN8x0bZr5mKc7yHs2pLd9wGf4uJe6")
        config.settings.cache_clear()
        with pytest.raises(InvalidInput):
            cursors.decode("numbers", cursor)
        monkeypatch.setenv("SECRET_KEY_PREVIOUS", old)
        config.settings.cache_clear()
        assert cursors.decode("numbers", cursor) == [7]
    finally:
        monkeypatch.undo()
        config.settings.cache_clear()


def assert_refused(web, cursor):
    answer = web.get("/api/v1/numbers", query_string={"cursor": cursor})
    [error] = assert_problem(answer, 422, "invalid_input")["errors"]
    assert error["pointer"] == "/cursor"
