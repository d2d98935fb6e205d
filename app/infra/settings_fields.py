"""How one setting is declared and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

EXAMPLES = ("change-me", "changeme", "example", "secret-key", "password", "your-", "amana-dev")


class SettingsError(SystemExit):
    """The program cannot start with these settings. Names the variable, never its value."""

    def __init__(self, message: str) -> None:
        """Take the sentence for the operator."""
        super().__init__(f"Settings: {message}")


def setting(
    variable: str, parse: Callable[[str], Any], default: Any = MISSING, *, secret: bool = False
) -> Any:  # a dataclass field is typed by its annotation
    """Declare a field that is read from this variable; without a default it is required."""
    metadata = {"variable": variable, "parse": parse, "required": default is MISSING, "secret": secret}
    return field(default="", metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


def read_text(raw: str) -> str:
    """Any text."""
    return raw


def read_int(raw: str) -> int:
    """A whole number, zero or more."""
    number = int(raw)
    if number < 0:
        raise ValueError(raw)
    return number


def read_list(raw: str) -> tuple[str, ...]:
    """Values parted by commas."""
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def known_example(value: str) -> bool:
    """Tell whether a secret is one that stands in a README or an .env.example."""
    return any(example in value.lower() for example in EXAMPLES)
