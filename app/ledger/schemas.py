"""Shapes of the wallet (API §5)."""

from __future__ import annotations

import marshmallow as ma

from app.web.schemas import Instant, MoneyField, NextCursor, like


class BalanceView(ma.Schema):
    """A wallet in one currency."""

    available = MoneyField(required=True)
    held = MoneyField(required=True)
    withdrawable = MoneyField(required=True)


class WalletView(ma.Schema):
    """All balances of a user."""

    balances = ma.fields.List(ma.fields.Nested(BalanceView), required=True)


class MovementView(ma.Schema):
    """One line of a wallet's history."""

    id = ma.fields.String(required=True, metadata=like("417"))
    kind = ma.fields.String(
        required=True,
        metadata=like("capture", "capture, fund, return, earning, payout, payout_back, and others to come"),
    )
    amount = MoneyField(required=True)
    balance_after = MoneyField(required=True)
    reference = ma.fields.Function(
        lambda movement: {"kind": movement.reference_kind, "id": movement.reference_id},
        required=True,
        metadata={
            "type": "object",
            "required": ["kind", "id"],
            "properties": {"kind": {"type": "string"}, "id": {"type": "string"}},
            **like({"kind": "payment", "id": "01a1fad5-4f71-7c02-a3ed-2a6e275bfec1"}, "what the movement was for"),
        },
    )
    created_at = Instant(required=True)


class MovementPage(ma.Schema):
    """A page of a wallet's history."""

    items = ma.fields.List(ma.fields.Nested(MovementView), required=True)
    next_cursor = NextCursor()
