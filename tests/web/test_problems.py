"""Every error answer is application/problem+json (RFC 9457), below 500 unless the mistake is ours."""

from __future__ import annotations

import json
import logging

import pytest

from tests.web.conftest import assert_problem

ORDERS = "/api/v1/orders"


def test_what_is_not_there_is_404(web):
    assert_problem(web.get("/nowhere"), 404, "not_found")
    assert_problem(web.get("/api/v1/rows/no-id"), 404, "not_found")


def test_another_method_is_405_and_says_which_are_allowed(web):
    answer = web.delete(ORDERS)
    assert_problem(answer, 405, "method_not_allowed")
    assert set(answer.allow) == {"POST", "OPTIONS"}


def test_too_much_is_413(web):
    assert_problem(web.post(ORDERS, data=b" " * 65_537, content_type="application/json"), 413, "body_too_large")


@pytest.mark.parametrize("content_type", [None, "text/plain"])
def test_what_is_not_json_is_415(web, content_type):
    assert_problem(web.post(ORDERS, data=b"{}", content_type=content_type), 415, "unsupported_media_type")


LINE = {"title": "A"}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ([], [""]),
        ("text", [""]),
        (None, [""]),
        ({}, ["/lines"]),
        ({"lines": []}, []),
        ({"lines": None}, ["/lines"]),
        ({"lines": [LINE], "typo": 1}, ["/typo"]),
        ({"lines": [LINE], "a/b~c": 1}, ["/a~1b~0c"]),
        ({"lines": [{"title": ""}]}, ["/lines/0/title"]),
        ({"lines": [LINE, {"title": "A", "count": 1.5}]}, ["/lines/1/count"]),
        ({"lines": [LINE, {"title": "A", "count": "1"}]}, ["/lines/1/count"]),
        ({"lines": [LINE, {"title": "A", "count": True}]}, ["/lines/1/count"]),
        ({"lines": [{"titel": "A"}]}, ["/lines/0/titel", "/lines/0/title"]),
        ({"lines": [LINE], "query": {"title": ""}}, ["/query/title"]),
        ({"lines": [LINE], "at": "tomorrow"}, ["/at"]),
        ({"lines": [LINE], "at": "2026-11-20T14:00:00"}, ["/at"]),
        ({"lines": [LINE], "at": "2026-11-20"}, ["/at"]),
        ({"lines": [LINE], "at": 1_795_183_200}, ["/at"]),
        ({"lines": [LINE], "at": "0001-01-01T00:00:00+14:00"}, ["/at"]),
        ({"lines": [LINE], "at": "9999-12-31T23:59:59-14:00"}, ["/at"]),
        ({"lines": [LINE], "price": 45_000}, ["/price"]),
        ({"lines": [LINE], "price": {"amount": 45.0, "currency": "TND"}}, ["/price/amount"]),
        ({"lines": [LINE], "price": {"amount": "45", "currency": "TND"}}, ["/price/amount"]),
        ({"lines": [LINE], "price": {"amount": -1, "currency": "TND"}}, ["/price/amount"]),
        ({"lines": [LINE], "price": {"amount": 1, "currency": 5}}, ["/price/currency"]),
        ({"lines": [LINE], "price": {"amount": 1}}, ["/price/currency"]),
        ({"lines": [LINE], "price": {"amount": 1, "currency": "TND", "cents": 5}}, ["/price/cents"]),
    ],
)
def test_a_field_that_cannot_be_accepted_is_422_with_its_pointer(web, body, pointers):
    answer = web.post(ORDERS, data=json.dumps(body), content_type="application/json")
    if not pointers:
        assert answer.status_code == 200
        return
    errors = assert_problem(answer, 422, "invalid_input")["errors"]
    assert sorted(error["pointer"] for error in errors) == pointers
    assert all(error["message"] for error in errors)


def test_a_currency_that_nobody_pays_in_has_a_code_of_its_own(web):
    answer = web.post(ORDERS, json={"lines": [LINE], "price": {"amount": 1, "currency": "XAU"}})
    [error] = assert_problem(answer, 422, "unsupported_currency")["errors"]
    assert error["pointer"] == "/price/currency"
    assert "TND" in error["message"]


def test_what_an_answer_shows_may_be_sent_back(web):
    price = {"amount": 45_000, "currency": "TND"}
    shown = web.post(ORDERS, json={"lines": [], "price": price, "at": "2026-11-20T15:00:00+01:00"}).get_json()
    assert shown["price"] == price | {"formatted": "45.000 TND"}
    assert shown["at"] == "2026-11-20T14:00:00Z"
    assert web.post(ORDERS, json={"lines": [], "price": shown["price"]}).status_code == 200


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=-1", "limit=ten", "limit=1e1", "limit=", "limit=1.5"])
def test_a_limit_outside_1_to_100_is_422(web, query):
    [error] = assert_problem(web.get(f"/api/v1/numbers?{query}"), 422, "invalid_input")["errors"]
    assert error["pointer"] == "/limit"


@pytest.mark.parametrize("query", ["cursor=%00", "x=a%00b"])
def test_a_query_that_cannot_be_kept_is_422(web, query):
    [error] = assert_problem(web.get(f"/api/v1/numbers?{query}"), 422, "invalid_input")["errors"]
    assert error["pointer"] == f"/{query.partition('=')[0]}"


@pytest.mark.parametrize(
    ("name", "status", "code", "detail"),
    [
        ("refusal", 409, "conflict", "Not now."),
        ("not-found", 404, "not_found", "There is no such thing, or it is not yours to see."),
        ("forbidden", 403, "forbidden", "You are known, but this is not yours to do."),
        ("invalid", 422, "invalid_input", "Not that one."),
        ("pool", 503, "try_again", "We cannot serve this now: try again."),
    ],
)
def test_a_refusal_is_shown_in_its_own_words(web, name, status, code, detail):
    assert assert_problem(web.get(f"/api/v1/refusals/{name}"), status, code)["detail"] == detail


def test_a_refusal_of_a_field_has_its_pointer(web):
    body = assert_problem(web.get("/api/v1/refusals/invalid"), 422, "invalid_input")
    assert body["errors"] == [{"pointer": "/lines/0/title", "message": "Not that one."}]


def test_who_must_sign_in_is_told_how(web):
    answer = web.get("/api/v1/refusals/unauthenticated")
    assert_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_who_asks_too_often_is_told_how_long_to_wait(web):
    answer = web.get("/api/v1/refusals/too-many")
    assert_problem(answer, 429, "too_many_requests")
    assert answer.headers["Retry-After"] == "17"


def test_a_mistake_of_ours_is_500_and_only_the_log_knows_why(web, caplog):
    answer = web.get("/api/v1/refusals/mistake")
    body = assert_problem(answer, 500, "internal_error")
    assert "secret-7f3a" not in answer.get_data(as_text=True)
    assert "Traceback" not in answer.get_data(as_text=True)
    assert "Tell us the instance" in body["detail"]
    [record] = [record for record in caplog.records if record.exc_info]
    assert str(record.exc_info[1]) == "secret-7f3a in a message of ours"


def raising(sqlstate):
    return f"DO $$ BEGIN RAISE EXCEPTION 'secret-7f3a' USING ERRCODE = '{sqlstate}'; END $$"


@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "55P03"])
def test_contention_is_503_with_retry_after(web, tables, sqlstate):
    answer = web.post("/api/v1/statements", json={"sql": raising(sqlstate)})
    assert_problem(answer, 503, "try_again")
    assert answer.headers["Retry-After"] == "1"
    assert "secret-7f3a" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("sqlstate", ["57P01", "57P03", "08006", "53300"])
def test_a_database_that_is_away_is_503_with_retry_after(web, tables, sqlstate):
    answer = web.post("/api/v1/statements", json={"sql": raising(sqlstate)})
    assert_problem(answer, 503, "try_again")
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_connection_that_is_cut_is_503_and_the_next_request_is_served(web, tables):
    cut = web.post("/api/v1/statements", json={"sql": "SELECT pg_terminate_backend(pg_backend_pid())"})
    assert_problem(cut, 503, "try_again")
    assert web.post("/api/v1/statements", json={"sql": "SELECT 1"}).status_code == 200


def test_a_value_that_the_database_cannot_hold_is_422(web, tables):
    answer = web.post("/api/v1/statements", json={"sql": "SELECT CAST('9' AS bigint) * 9223372036854775807"})
    assert_problem(answer, 422, "invalid_input")


def test_neither_log_nor_answer_tells_the_parameters_of_a_statement(web, tables, caplog):
    """They may be a password's hash, a token or a name."""
    for sql in ("INSERT INTO nowhere VALUES (:x)", "SELECT CAST(:x AS text) || 1 / 0"):
        answer = web.post("/api/v1/statements", json={"sql": sql, "parameters": {"x": "secret-7f3a"}})
        assert "secret-7f3a" not in answer.get_data(as_text=True)
    formatter = logging.Formatter()
    assert caplog.records
    assert not [record for record in caplog.records if "secret-7f3a" in formatter.format(record)]


def test_every_answer_carries_the_safe_headers(web):
    for answer in (web.get("/api/v1/numbers"), web.get("/nowhere"), web.get("/api/v1/refusals/mistake")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Server" not in answer.headers


def test_the_api_document_shows_problems_as_what_they_are(web):
    document = web.get("/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    answers = document["paths"]["/api/v1/orders"]["post"]["responses"]
    assert set(answers) == {"200", "400", "413", "415", "422", "500", "503"}
    for status, code in (("422", "invalid_input"), ("503", "try_again")):
        answer = document["components"]["responses"][answers[status]["$ref"].rpartition("/")[2]]
        assert list(answer["content"]) == ["application/problem+json"]
        ours, this_one = answer["content"]["application/problem+json"]["schema"]["allOf"]
        assert ours == {"$ref": "#/components/schemas/Problem"}
        assert this_one == {"properties": {"code": {"enum": [code]}}}
    assert list(answers["200"]["content"]) == ["application/json"]
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"type", "title", "status", "detail", "instance", "code"}


def test_the_idempotency_key_stands_in_the_api_document(web):
    document = json.loads(web.get("/openapi.json").data)
    [key] = document["paths"]["/api/v1/works"]["post"]["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)
