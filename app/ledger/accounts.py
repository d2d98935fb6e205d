"""The codes of accounts (MONEY.md): a kind and whose it is."""

from __future__ import annotations

from uuid import UUID

FEE_REVENUE = "fee_revenue"


def psp(gateway: str) -> str:
    """Return what a gateway holds for us; below zero means that it owes us."""
    return f"psp:{gateway}"


def deposit(user_id: UUID) -> str:
    """Return the money that a user put in."""
    return f"deposit:{user_id}"


def earnings(user_id: UUID) -> str:
    """Return the money that a mentor earned: the only money that can be paid out."""
    return f"earnings:{user_id}"


def escrow(booking_id: UUID) -> str:
    """Return the money held for one booking."""
    return f"escrow:{booking_id}"


def payout_pending(payout_id: UUID) -> str:
    """Return the money on its way out."""
    return f"payout_pending:{payout_id}"


def suspense(gateway: str) -> str:
    """Return the money that a gateway reports and we cannot match."""
    return f"suspense:{gateway}"
