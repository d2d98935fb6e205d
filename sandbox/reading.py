"""Strict reading of JSON: what is wrong is said, nothing is guessed."""

from __future__ import annotations

import json
import re
from typing import Any

BIGINT = 2**63 - 1
HEX24 = re.compile(r"[0-9a-f]{24}")


class UnreadableError(ValueError):
    """The request cannot be read; the message says why."""


def json_object(body: bytes) -> dict[str, Any]:
    """Read the JSON object in `body`; refuse everything else, duplicate keys, NaN and nesting too deep to read."""
    try:
        value = json.loads(body, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise UnreadableError("the body is nested too deep") from error
    except ValueError as error:
        raise UnreadableError(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UnreadableError("the body must be a JSON object")
    return value


def is_text(value: object, longest: int) -> bool:
    """Tell whether `value` is a string of at most `longest` characters without NUL and lone surrogates."""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in value)


def is_whole(value: object, least: int, most: int = BIGINT) -> bool:
    """Tell whether `value` is an integer between the two; `True` and `1.0` are none."""
    return type(value) is int and least <= value <= most


def whole_number(text: str | None) -> int | None:
    """Read a whole number out of a query or form; None when it is none, or longer than 18 digits."""
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,18}", text) else None


def read_limit(text: str | None) -> int | None:
    """Read `?limit=` of a list, None for all; raises `UnreadableError`."""
    limit = whole_number(text)
    if text is not None and limit is None:
        raise UnreadableError("limit must be a whole number")
    return limit


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise UnreadableError(f"{name} is not JSON")
