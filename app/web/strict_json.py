"""The one reader of request bodies: what JSON leaves open (RFC 8259) and Postgres cannot hold is refused here."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from flask import Request, g, request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from app.kernel.errors import InvalidInput, Unreadable
from app.web.pointers import below

MAX_DEPTH = 32
BIGINT_MAX = 2**63 - 1
BIGINT_DIGITS = len(str(BIGINT_MAX))

# A text that never ends is taken to its end too: if it were not, each quote in it would be tried as a beginning, and
# 64 KiB of quotes would cost a minute.
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(raw: bytes) -> Any:
    """Return the parsed body; raise Unreadable (400) or InvalidInput (422, with the pointer)."""
    _check_depth(raw)
    try:
        parsed = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer
        )
    except UnicodeDecodeError:
        raise Unreadable("The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        raise Unreadable(f"The body is not valid JSON: {error.msg} at character {error.pos}.") from None
    _check_storable(parsed, "")
    return parsed


def body() -> Any:
    """Return this request's parsed body, read once; raise 415 for anything but application/json."""
    if "strict_json_body" not in g:
        g.strict_json_body = _read(request)
    return g.strict_json_body


def check_text(text: str, pointer: str) -> None:
    """Refuse what Postgres cannot store as text: NUL and lone surrogates."""
    if _UNSTORABLE.search(text):
        raise InvalidInput("Text must not hold NUL or lone surrogates.", pointer=pointer)


class StrictParser(FlaskParser):
    """webargs, reading bodies with `body`, and query strings as strictly."""

    def load_json(self, req: Request, schema: Any) -> Any:
        """Read the body."""
        return body()

    def load_querystring(self, req: Request, schema: Any) -> Any:
        """Read the query; a parameter that is given twice is refused, for others on the way may read the other one."""
        for name, values in req.args.lists():
            check_text(name, "")
            for value in values:
                check_text(value, below("", name))
            if len(values) > 1:
                raise InvalidInput(f"The parameter {name[:100]!r} is given twice.", pointer=below("", name))
        return super().load_querystring(req, schema)


def _read(req: Request) -> Any:
    raw = req.get_data(cache=True)
    # A chunked body says no length: werkzeug reads up to the limit and is silent about the rest.
    if req.content_length is None and req.max_content_length is not None and len(raw) >= req.max_content_length:
        raise RequestEntityTooLarge
    if req.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    return parse(raw)


def _check_depth(raw: bytes) -> None:
    """Count brackets before parsing: 100,000 of them overflow the parser's stack."""
    depth = 0
    for token in _TOKENS.finditer(raw):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            raise Unreadable(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(key for key, _ in pairs).most_common(1)
        check_text(twice, "")
        raise InvalidInput(f"The field {twice[:100]!r} is given twice.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is not JSON.")


def _integer(digits: str) -> int | float:
    """Read a whole number; one of too many digits becomes infinite, and is refused where its pointer is known."""
    return int(digits) if len(digits.lstrip("-")) <= BIGINT_DIGITS else math.inf


def _check_storable(value: Any, pointer: str) -> None:
    if isinstance(value, str):
        check_text(value, pointer)
    elif isinstance(value, int | float):
        _check_number(value, pointer)
    elif isinstance(value, dict):
        for key, inner in value.items():
            check_text(key, pointer)
            _check_storable(inner, below(pointer, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_storable(inner, below(pointer, index))


def _check_number(number: float, pointer: str) -> None:
    if abs(number) > BIGINT_MAX:
        raise InvalidInput("A number is beyond 64 bits.", pointer=pointer)
