"""How the ledger refuses."""

from __future__ import annotations

from app.kernel.errors import Refusal


class InsufficientFunds(Refusal):
    """There is not enough money in the account for that.

    GET /api/v1/wallet shows what is available, held and withdrawable. Money that was put in can be spent, but only
    earnings can be paid out.
    """

    code = "insufficient_funds"


class PostingRefused(RuntimeError):
    """The database refused a posting that our own code should never have made; `reason` is its name for it."""

    def __init__(self, reason: str, message: str) -> None:
        """Take the reason (unbalanced, ref_reused, holds_too_small, …) and the database's sentence."""
        super().__init__(f"{reason}: {message}")
        self.reason = reason
