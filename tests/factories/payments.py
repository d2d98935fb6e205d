"""Money, and what a gateway tells of it, for tests."""

from __future__ import annotations

from typing import Any

from app.gateways.psp.base import PaymentSnapshot, PaymentStatus
from app.kernel.money import Money

WALLET = "5f7a209aeb3f76490ac4a3d1"
REF = "0123456789abcdef01234567"


def tnd(minor: int) -> Money:
    """Return millimes."""
    return Money(minor, "TND")


def snapshot(**changes: Any) -> PaymentSnapshot:
    """Return what a gateway tells of a payment of 45 TND that was paid, changed."""
    told: dict[str, Any] = {
        "payment_ref": REF,
        "order_id": "",
        "status": PaymentStatus.COMPLETED,
        "amount": 45_000,
        "reached": 45_000,
        "currency": "TND",
        "receiver": WALLET,
    }
    return PaymentSnapshot(**(told | changes))
