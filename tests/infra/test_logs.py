"""Logs: a line is a JSON object, it tells whose request it belongs to, and a name or a token cannot slip in."""

from __future__ import annotations

import contextvars
import json
import logging
from datetime import datetime
from uuid import UUID

import pytest

from app.infra.correlation import correlate, correlation_id
from app.infra.logs import JsonFormatter


def line(message="done", *, error=None, **extra):
    found = error and (type(error), error, error.__traceback__)
    logger = logging.getLogger("app.test")
    record = logger.makeRecord(logger.name, logging.WARNING, __file__, 1, message, (), found, None, extra)
    written = JsonFormatter().format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_line_has_the_time_the_level_the_logger_and_the_message():
    found = line("a delivery failed")
    assert (found["level"], found["logger"], found["message"]) == ("warning", "app.test", "a delivery failed")
    assert found["at"].endswith("Z")
    assert datetime.fromisoformat(found["at"]).tzinfo is not None


def test_a_line_bears_the_id_of_what_is_being_done():
    def done():
        correlate("checkout-42")
        return line()["correlation_id"]

    assert contextvars.copy_context().run(done) == "checkout-42"


def test_where_nothing_has_begun_an_id_is_made_and_kept():
    def done():
        return correlation_id(), correlation_id()

    first, second = contextvars.Context().run(done)
    assert UUID(first).version == 7
    assert first == second


def test_what_is_done_at_once_does_not_share_an_id():
    def done(given):
        correlate(given)
        return correlation_id()

    assert [contextvars.copy_context().run(done, given) for given in ("a", "b")] == ["a", "b"]


def test_known_keys_are_added_and_others_are_dropped():
    found = line(delivery_id=UUID(int=7), queue="payments", duration_ms=3, email="amal@amana.test", token="secret-7f3a")
    assert (found["delivery_id"], found["queue"], found["duration_ms"]) == (str(UUID(int=7)), "payments", 3)
    assert "amal" not in json.dumps(found)
    assert "secret-7f3a" not in json.dumps(found)


@pytest.mark.parametrize(
    ("said", "arguments", "told"),
    [
        (
            "Invalid request from ip=192.0.2.7: Bad method: 'amal@amana.test'",
            (),
            "a request could not be read",
        ),
        ("Error handling request %s %s", ("GET", "/amal@amana.test"), "a request broke off"),
        ("%s %s", ("GET", "/amal@amana.test"), "a request came"),
        ("Booting worker with pid: %s", (7,), "Booting worker with pid: 7"),
    ],
)
def test_what_gunicorn_says_of_a_request_is_told_without_it(said, arguments, told):
    logger = logging.getLogger("gunicorn.error")
    record = logger.makeRecord(logger.name, logging.WARNING, __file__, 1, said, arguments, None)
    assert json.loads(JsonFormatter().format(record))["message"] == told


def test_an_error_is_told_with_its_traceback_on_the_same_line():
    try:
        raise ZeroDivisionError("in the books")
    except ZeroDivisionError as error:
        found = line(error=error)
    assert "Traceback" in found["error"]
    assert "ZeroDivisionError: in the books" in found["error"]


@pytest.mark.parametrize("message", ['"quotes"', "two\nlines", "تونس", "\u2028", "\ud800"])
def test_whatever_is_said_stays_one_line_of_json(message):
    assert line(message)["message"] == message
