"""Millimes as people and the API write them: 1000 are a dinar."""

from __future__ import annotations

CURRENCY = "TND"
MILLIMES = 1000


def dinars(millimes: int) -> str:
    """Write an amount as people do, without the currency."""
    whole, rest = divmod(abs(millimes), MILLIMES)
    return f"{'-' if millimes < 0 else ''}{whole}.{rest:03}"


def priced(millimes: int) -> str:
    """Write an amount as people do, with the currency."""
    return f"{dinars(millimes)} {CURRENCY}"


def in_dinars(millimes: int) -> dict[str, object]:
    """Return an amount as the API takes it."""
    return {"amount": millimes, "currency": CURRENCY}
