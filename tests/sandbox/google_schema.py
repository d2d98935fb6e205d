"""An independent oracle: the discovery document of Calendar v3 that Google's own client ships."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def discovery() -> dict[str, Any]:
    """Read the document."""
    path = files("googleapiclient") / "discovery_cache" / "documents" / "calendar.v3.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def scopes_of(resource: str, method: str) -> set[str]:
    """Return the scopes that open a call."""
    return set(discovery()["resources"][resource]["methods"][method]["scopes"])


def check(value: Any, schema: str) -> None:
    """Fail unless `value` is of the named schema: every field is known and of its type."""
    _check(value, {"$ref": schema}, schema)


def _check(value: Any, schema: dict[str, Any], where: str) -> None:
    if "$ref" in schema:
        schema = discovery()["schemas"][schema["$ref"]]
    match schema["type"]:
        case "object":
            assert isinstance(value, dict), where
            for name, part in value.items():
                known = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
                assert known, f"{where}.{name} is not in the discovery document"
                _check(part, known, f"{where}.{name}")
        case "array":
            assert isinstance(value, list), where
            for position, part in enumerate(value):
                _check(part, schema["items"], f"{where}[{position}]")
        case "string":
            assert isinstance(value, str), where
            _check_format(value, schema.get("format"), where)
        case kind:
            assert type(value) is {"boolean": bool, "integer": int, "number": float}[kind], where


def _check_format(value: str, form: str | None, where: str) -> None:
    if form == "date-time":
        assert datetime.fromisoformat(value).tzinfo is not None, where
    elif form == "date":
        date.fromisoformat(value)
