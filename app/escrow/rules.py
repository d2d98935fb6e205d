"""How an escrow is split."""

from __future__ import annotations

from app.kernel.money import Money


def split(paid: Money, fee_basis_points: int) -> tuple[Money, Money]:
    """Return (the platform's fee, the mentor's part): the fee rounded half up, the mentor gets every millime else."""
    fee = paid.share(fee_basis_points)
    return fee, paid - fee
