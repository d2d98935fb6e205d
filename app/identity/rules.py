"""What an address and a name must be. Each rule returns the value as it is stored."""

from __future__ import annotations

import re
import unicodedata

from app.kernel.errors import InvalidInput

# What browsers take for an address (WHATWG HTML, "valid e-mail address"), with a dot in the domain. ASCII only:
# other letters in a domain are written xn--…, and an address that looks like another one cannot be registered.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
MAX_ADDRESS = 254  # RFC 5321 §4.5.3.1.3, without the brackets
MAX_NAME = 200

#: Control characters, line ends, and what turns the direction of the text around a name (Unicode UAX #9).
_NOT_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def read_address(raw: str) -> str:
    """Return the address stripped, its domain in lower case; raise InvalidInput."""
    address = raw.strip()
    if len(address) > MAX_ADDRESS or not _ADDRESS.fullmatch(address):
        raise InvalidInput("Must be an e-mail address like amina@example.com.", pointer="/email")
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


def address_key(raw: str) -> str:
    """Return what an address is found by: two that differ in case only are the same person's."""
    return raw.strip().lower()


def read_name(raw: str) -> str:
    """Return the name stripped and composed (Unicode NFC); raise InvalidInput."""
    name = unicodedata.normalize("NFC", raw.strip())
    if not 1 <= len(name) <= MAX_NAME or not any(character.isalnum() for character in name):
        raise InvalidInput(f"Must be a name of 1 to {MAX_NAME} characters, with a letter in it.", pointer="/name")
    if any(character in _TURNING or unicodedata.category(character) in _NOT_IN_NAMES for character in name):
        raise InvalidInput("Must not hold control characters.", pointer="/name")
    return name
