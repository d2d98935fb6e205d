"""What a body should not hold, in place of each of its values, and bodies that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

NUL, SURROGATE = "a\x00b", "a\ud800b"
HUGE = (2**63, 10**4000)

#: In place of a value of this kind.
INSTEAD: Mapping[type, tuple[Any, ...]] = {
    str: (None, True, 7, 1.5, [], {}, ["x"], {"$ne": ""}, NUL, SURROGATE, *HUGE),
    int: (None, True, False, 1.5, 60.0, "60", "", [], {}, -1, -(2**63) - 1, *HUGE),
    bool: (None, 0, 1, 0.0, "true", "", [], {}, NUL),
    list: (None, True, 7, "x", {}, [None], [[]], NUL, *HUGE),
    dict: (None, True, 7, 1.5, "x", "45.000 TND", [], {}, NUL, *HUGE),
}

#: Bodies that cannot be read at all, and those that are no object.
UNREADABLE = (
    b"", b"{", b'{"a": 1,}', b'{"a": NaN}', b'{"a": "\xff"}', b'{"a": "\x00"}', b"[" * 33 + b"]" * 33, b"[" * 20_000,
)  # fmt: skip
NO_OBJECT = (b"[]", b'"x"', b"7", b"null", b"[{}]")

#: More of them, for one route: all are read by the same reader.
MORE_UNREADABLE = (
    b" ", b'{"a": 1', b"{'a': 1}", b"{a: 1}", b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 01}', b'{"a": +1}',
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"{} {}", b"null null", b'{"a":' * 33 + b"1" + b"}" * 33,
    b'"' * 20_001, b'{"a": "\\x"}', b'{"a": "\\ud8"}', b"\x00", b"// {}", b'{"a": .5}', b'{"a": 1e}',
)  # fmt: skip

CONTENT_TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "")


def replaced(body: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (pointer, body) with one value, however deep, replaced by what it should not be."""
    for step, value in list(_members(body)):
        path = f"{pointer}/{step}"
        for wrong in INSTEAD[type(value)]:
            yield path, _with(body, step, wrong)
        if isinstance(value, dict):
            yield f"{path}/surplus", _with(body, step, value | {"surplus": 1})
        for deeper, changed in replaced(value, path):
            yield deeper, _with(body, step, changed)


def twice(body: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the body with each of its fields given a second time."""
    for name, value in body.items():
        yield json.dumps(body)[:-1].encode() + f", {json.dumps(name)}: {json.dumps(value)}}}".encode()


def written(body: Any) -> bytes:
    """Write a body."""
    return json.dumps(body).encode()


def _members(body: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(body, dict):
        yield from body.items()
    elif isinstance(body, list):
        yield from enumerate(body)


def _with(body: Any, step: Any, value: Any) -> Any:
    changed = dict(body) if isinstance(body, dict) else list(body)
    changed[step] = value
    return changed
