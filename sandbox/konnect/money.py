"""Amounts for people's eyes, in whole numbers throughout."""

from __future__ import annotations

DECIMALS = {"TND": 3, "EUR": 2, "USD": 2}


def formatted(amount: int, token: str) -> str:
    """Minor units as people write them: `formatted(45000, "TND")` is `45.000 TND`."""
    decimals = DECIMALS.get(token, 0)
    if decimals == 0:
        return f"{amount} {token}"
    major, minor = divmod(amount, 10**decimals)
    return f"{major}.{minor:0{decimals}d} {token}"
