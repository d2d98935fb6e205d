"""What becomes of an escrow."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine, pairs


class EscrowState(StrEnum):
    """Where the money of a booking is."""

    FUNDED = "funded"
    FROZEN = "frozen"
    RELEASED = "released"
    REFUNDED = "refunded"


class EscrowStep(StrEnum):
    """What happens to it."""

    RELEASE = "release"
    REFUND = "refund"
    FREEZE = "freeze"


_S, _E = EscrowState, EscrowStep

ESCROW = Machine(
    name="escrow",
    initial=frozenset({_S.FUNDED}),
    rows={
        (_S.FUNDED, _E.RELEASE): _S.RELEASED,
        (_S.FUNDED, _E.REFUND): _S.REFUNDED,
        (_S.FUNDED, _E.FREEZE): _S.FROZEN,
        (_S.FROZEN, _E.RELEASE): _S.RELEASED,
        (_S.FROZEN, _E.REFUND): _S.REFUNDED,
    },
    refused=pairs([_S.FROZEN], [_E.FREEZE]) | pairs((_S.RELEASED, _S.REFUNDED), EscrowStep),  # once it is gone
)
