"""Bodies: what JSON leaves open, what Postgres cannot hold, and what would make the reader stumble."""

from __future__ import annotations

import json
import time
from contextlib import closing, suppress
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import InvalidInput, Unreadable
from app.web import strict_json
from tests.patience import PATIENCE_SECONDS
from tests.web.conftest import assert_problem

JSON = "application/json"


def post(web, raw, content_type=JSON):
    return web.post("/api/v1/bodies", data=raw, content_type=content_type)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": [1, -2, 0.5, true, null, "\\u00e9\xc3\xa9"]}',
        b"[" * 32 + b"]" * 32,
        b'{"a": "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"a": "\\\\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"a": 9223372036854775807, "b": -9223372036854775807}',
        b' \n\t{"a": "\\ud83d\\ude00"}\r\n',
        b'{"a": {"a": {"a": 1}}}',
        b'"text"',
        b"[]",
        b"null",
    ],
)
def test_good_json_is_read_as_it_stands(web, raw):
    answer = post(web, raw)
    assert answer.status_code == 200
    assert answer.get_json()["read"] == json.loads(raw)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b'{"a": 1,}', "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 1} {"b": 2}', "not valid JSON"),
        (b'{"a": 01}', "not valid JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": Infinity}', "Infinity is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": "\xff"}', "not valid UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not valid UTF-8"),  # a surrogate, written out in bytes
        (b'{"a": "\xc0\x80"}', "not valid UTF-8"),  # NUL in two bytes
        (b'\xef\xbb\xbf{"a": 1}', "BOM"),
        ('{"a": 1}'.encode("utf-16"), "not valid UTF-8"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32"),
        (b"[" * 60_000, "nested deeper than 32"),
        (b'{"a": "\x00"}', "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_400(web, raw, says):
    assert says in assert_problem(post(web, raw), 400, "unreadable")["detail"]


@pytest.mark.parametrize(
    ("raw", "says", "pointer"),
    [
        (b'{"a": "x\\u0000y"}', "NUL", "/a"),
        (b'{"a": {"b": ["", "\\ud800"]}}', "surrogates", "/a/b/1"),
        (b'{"a": "\\ude00\\ud83d"}', "surrogates", "/a"),
        (b'{"a": {"\\u0000": 1}}', "NUL", "/a"),
        (b'{"x/y": {"~": "\\u0000"}}', "NUL", "/x~1y/~0"),
        (b'{"a": 1, "a": 2}', "'a' is given twice", ""),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "'b' is given twice", ""),
        (b'{"a": 9223372036854775808}', "beyond 64 bits", "/a"),
        (b'{"a": [0, -9223372036854775809]}', "beyond 64 bits", "/a/1"),
        (b'{"a": 1' + b"0" * 50_000 + b"}", "beyond 64 bits", "/a"),
        (b'{"a": 1e400}', "beyond 64 bits", "/a"),
        (b'{"a": -1e400}', "beyond 64 bits", "/a"),
        (b'{"a": 1e30}', "beyond 64 bits", "/a"),
    ],
)
def test_what_cannot_be_kept_is_422_with_its_place(web, raw, says, pointer):
    [error] = assert_problem(post(web, raw), 422, "invalid_input")["errors"]
    assert says in error["message"]
    assert error["pointer"] == pointer


@pytest.mark.parametrize(
    "content_type", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonx", "text/json"]
)
def test_another_content_type_is_415(web, content_type):
    assert_problem(post(web, b'{"a": 1}', content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_may_be_written_in_its_ways(web, content_type):
    assert post(web, b'{"a": 1}', content_type).status_code == 200


def test_a_body_at_the_limit_is_read_and_one_above_is_413(web):
    limit = 64 * 1024
    fits = b'"' + b"x" * (limit - 2) + b'"'
    assert post(web, fits).status_code == 200
    assert_problem(post(web, fits + b" "), 413, "body_too_large")


def test_a_body_that_does_not_say_its_length_is_413_as_well(served):
    address = urlsplit(served)
    with closing(HTTPConnection(address.netloc, timeout=PATIENCE_SECONDS)) as connection:
        pieces = (b"x" * 1024 for _ in range(100))
        headers = {"Content-Type": JSON, "Transfer-Encoding": "chunked"}
        connection.request("POST", f"{address.path}/bodies", body=pieces, headers=headers, encode_chunked=True)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (413, "application/problem+json")


def processor_time(raw):
    """Return the least that reading this took, of five times."""

    def once():
        began = time.process_time()
        with suppress(Unreadable):
            strict_json.parse(raw)
        return time.process_time() - began

    return min(once() for _ in range(5))


@pytest.mark.parametrize(
    "raw",
    [
        b'"' + b'\\"' * 32_000,
        b'"' * 64_000,
        b'"\\' * 32_000,
        b"[" * 64_000,
        b'{"":' * 16_000,
        b"\\" * 64_000,
        b"-" * 64_000,
    ],
    ids=["escaped quotes", "quotes", "quotes that escape", "brackets", "braces", "backslashes", "signs"],
)
def test_no_body_within_the_limit_keeps_the_reader_busy(web, raw):
    """Eight times as much takes about eight times as long, on whatever machine; for a quadratic reader it is 64."""
    assert post(web, raw).status_code == 400
    assert processor_time(raw * 8) < 24 * processor_time(raw)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(values, st.booleans())
def test_whatever_json_can_say_and_postgres_can_keep_is_read_back(value, ascii_only):
    assert strict_json.parse(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text('{}[]",:\\0123456789eE.-+ntfu').map(str.encode))
def test_no_bytes_whatever_make_the_reader_stumble(raw):
    with suppress(InvalidInput, Unreadable):
        strict_json.parse(raw)
