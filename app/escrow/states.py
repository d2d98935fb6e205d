"""What becomes of an escrow."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine


class EscrowState(StrEnum):
    """Where the money of a booking is."""

    FUNDED = "funded"
    FROZEN = "frozen"
    RELEASED = "released"
    REFUNDED = "refunded"


class EscrowStep(StrEnum):
    """What happens to it."""

    REFUND = "refund"


_S, _E = EscrowState, EscrowStep

ESCROW = Machine(
    name="escrow",
    initial=frozenset({_S.FUNDED}),
    rows={(_S.FUNDED, _E.REFUND): _S.REFUNDED},
)
