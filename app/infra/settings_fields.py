"""How one setting is declared and read. The docstring of a reader is what the operator is told when it fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any
from urllib.parse import urlsplit

#: What no secret may hold.
EXAMPLES = ("change-me", "changeme", "example", "secret-key", "password", "your-", "amana-dev")
#: What stands in .env.example where a value of one's own belongs, secret or not.
PLACEHOLDERS = ("change-me", "your.domain", "0" * 24)

_BROKERS = frozenset({"redis", "rediss", "amqp", "amqps"})
_MAIL = frozenset({"smtp", "smtps", "starttls"})
_WEB = frozenset({"http", "https"})

_TOKEN = re.compile(r"[!-~]{20,200}")
_KONNECT_ID = re.compile(r"[0-9a-f]{24}")
_KONNECT_KEY = re.compile(r"[0-9a-f]{24}:\S+")


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
    return _at_least(0, int(raw))


def read_count(raw: str) -> int:
    """A whole number, one or more."""
    return _at_least(1, int(raw))


def read_basis_points(raw: str) -> int:
    """A whole number of basis points, 0 to 10000 (1500 is 15 %)."""
    return 10_000 - _at_least(0, 10_000 - read_int(raw))


def read_per_cent(raw: str) -> int:
    """A whole number, 0 to 100."""
    return 100 - _at_least(0, 100 - read_int(raw))


def read_list(raw: str) -> tuple[str, ...]:
    """Values parted by commas."""
    return tuple(part.strip() for part in raw.split(",") if part.strip())


def read_level(raw: str) -> str:
    """One of DEBUG, INFO, WARNING, ERROR, CRITICAL."""
    return _only(raw, raw in logging.getLevelNamesMapping() and raw != "NOTSET")


def read_database_url(raw: str) -> str:
    """An address like postgresql://role:secret@host:5432/database."""
    return _only(raw, urlsplit(raw).scheme == "postgresql")  # the host may be a socket, and stand in the query


def read_broker_url(raw: str) -> str:
    """One address like redis://:secret@host:6379/0 or amqp://user:secret@host:5672//, or several of one kind, by ;."""
    kinds = {urlsplit(_address(url, _BROKERS)).scheme for url in raw.split(";")}
    return _only(raw, len(kinds) == 1)


def read_smtp_url(raw: str) -> str:
    """An address like smtp://host:25 or smtps://user:secret@host:465."""
    return _address(raw, _MAIL)


def read_web_url(raw: str) -> str:
    """An address like https://host/path, without query and fragment."""
    parts = urlsplit(_address(raw, _WEB))
    return _only(raw, not parts.query and not parts.fragment).rstrip("/")


def read_sentry_dsn(raw: str) -> str:
    """A DSN of Sentry like https://key@host/42."""
    parts = urlsplit(_address(raw, _WEB))
    return _only(raw, parts.username and parts.path.rpartition("/")[2].isdecimal())


def read_token(raw: str) -> str:
    """At least 20 visible ASCII characters, made by a random generator."""
    return _only(raw, _TOKEN.fullmatch(raw) is not None)


def read_konnect_id(raw: str) -> str:
    """An id of Konnect: 24 hexadecimal digits in small letters."""
    return _only(raw, _KONNECT_ID.fullmatch(raw) is not None)


def read_konnect_key(raw: str) -> str:
    """A key of Konnect: 24 hexadecimal digits in small letters, a colon, the rest."""
    return _only(raw, _KONNECT_KEY.fullmatch(raw) is not None)


def known_example(value: str, *, secret: bool) -> bool:
    """Tell whether a value is one that stands in a README or an .env.example."""
    return any(example in value.lower() for example in (*PLACEHOLDERS, *(EXAMPLES if secret else ())))


def _address(raw: str, schemes: frozenset[str]) -> str:
    parts = urlsplit(raw)
    return _only(raw, parts.scheme in schemes and bool(parts.hostname))


def _at_least(least: int, number: int) -> int:
    if number < least:
        raise ValueError
    return number


def _only(raw: str, fits: object) -> str:
    if not fits:
        raise ValueError
    return raw
