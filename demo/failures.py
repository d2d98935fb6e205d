"""Why the demo could not go on. Each says it in words for a person."""

from __future__ import annotations


class Failed(Exception):
    """Something was not as it must be; the message is a whole sentence, or several lines of them."""


class NotInTime(Failed):
    """Something did not happen within our patience."""

    def __init__(self, what: str, seconds: float, seen: str) -> None:
        """Take what was awaited, for how many seconds, and what was there instead."""
        super().__init__(f"Awaited for {seconds:.1f} s: {what}.\nSeen instead: {seen}.")


class Unexpected(Failed):
    """An answer that was not what the contract promises."""

    def __init__(self, call: str, wanted: str, got: str) -> None:
        """Take the call (method and address), what it should have answered, and what it did."""
        super().__init__(f"{call} should have answered {wanted}.\nIt answered {got}.")


def expect(what: str, seen: object, wanted: object) -> None:
    """Raise Failed unless something is what it must be."""
    if seen != wanted:
        raise Failed(f"{what[0].upper()}{what[1:]} should be {wanted}.\nIt is {seen}.")
