"""JSON pointers (RFC 6901): which field of a request an answer is about."""

from __future__ import annotations


def below(pointer: str, step: object) -> str:
    """Return the pointer of a member or an element of what `pointer` points to."""
    return f"{pointer}/{str(step).replace('~', '~0').replace('/', '~1')}"
