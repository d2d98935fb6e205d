"""Cursors: where a list goes on. Opaque to clients, bound to the list they came from."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.infra import crypto
from app.kernel.errors import InvalidInput

T = TypeVar("T")

_LABEL = "cursor"


def encode(list_name: str, position: Sequence[str | int]) -> str:
    """Return the cursor that goes on after this position of this list."""
    text = json.dumps(list(position), separators=(",", ":"))
    return base64.urlsafe_b64encode(f"{crypto.mac(_LABEL, list_name + text)}{text}".encode()).rstrip(b"=").decode()


def decode(list_name: str, cursor: str | None) -> list[Any] | None:
    """Return the position, None for the beginning; raise InvalidInput for a cursor of another list or of nobody."""
    if cursor is None:
        return None
    try:
        decoded = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        mac, text = decoded[:43], decoded[43:]
    except (binascii.Error, ValueError):
        mac, text = "", ""
    if not crypto.mac_is_valid(_LABEL, list_name + text, mac):
        raise InvalidInput("This cursor does not belong to this list: begin without one.", pointer="/cursor")
    position: list[Any] = json.loads(text)
    return position


def page(list_name: str, rows: Sequence[T], limit: int, position: Callable[[T], Sequence[str | int]]) -> dict[str, Any]:
    """Return {items, next_cursor} of rows that were asked for with `limit + 1`."""
    more = len(rows) > limit
    items = list(rows[:limit])
    return {"items": items, "next_cursor": encode(list_name, position(items[-1])) if more else None}
