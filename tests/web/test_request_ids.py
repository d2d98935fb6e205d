"""Request ids: taken from the caller or made, always returned, and carried on into what follows from the request."""

from __future__ import annotations

from uuid import UUID

import pytest

PATH = "/api/v1/numbers"


@pytest.mark.parametrize("given", ["checkout-42", "x" * 128, "!~", '{"odd":"but-visible"}', "01a1fad5-4f71-7c02"])
def test_a_visible_id_of_up_to_128_characters_is_taken(web, given):
    assert web.get(PATH, headers={"X-Request-Id": given}).headers["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "two words", "tab\there", "caf\u00e9", "\x7f"])
def test_any_other_id_is_replaced(web, given):
    returned = web.get(PATH, headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert UUID(returned).version == 7


def test_an_id_is_made_where_none_is_given_and_no_two_are_equal(web):
    returned = {web.get(PATH).headers["X-Request-Id"] for _ in range(10)}
    assert len(returned) == 10


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/refusals/refusal", "/api/v1/refusals/mistake"])
def test_a_problem_bears_the_id_too(web, path):
    answer = web.get(path, headers={"X-Request-Id": "checkout-42"})
    assert answer.headers["X-Request-Id"] == "checkout-42"
    assert answer.get_json()["instance"] == "checkout-42"


def test_the_id_is_there_while_the_request_is_served(web, tables):
    answer = web.post("/api/v1/statements", json={"sql": "SELECT 1"}, headers={"X-Request-Id": "checkout-42"})
    assert answer.get_json() == {"correlation_id": "checkout-42"}


def test_the_log_line_of_a_request_tells_the_pattern_and_never_the_path(web, caplog):
    caplog.set_level("INFO", logger="app.requests")
    web.get("/api/v1/refusals/not-found?token=secret-7f3a")
    [record] = [record for record in caplog.records if record.name == "app.requests"]
    assert (record.method, record.route, record.status) == ("GET", "/api/v1/refusals/<name>", 404)
    assert record.duration_ms >= 0
    assert "secret-7f3a" not in str(record.__dict__)


def test_the_log_line_of_a_path_that_nobody_serves_does_not_repeat_it(web, caplog):
    caplog.set_level("INFO", logger="app.requests")
    web.get("/reset/secret-7f3a")
    [record] = [record for record in caplog.records if record.name == "app.requests"]
    assert (record.route, record.status) == ("unknown", 404)
