"""Where the money of the story is: at the gateway on one side, with its two people and in escrow on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.failures import Failed
from demo.outside import Outside
from demo.people import Caller

CURRENCY = "TND"
THOUSANDTHS = 1000


@dataclass(frozen=True)
class Purses:
    """Millimes at one moment. What Konnect has taken must be what the others have together."""

    taken: int = 0
    learner: int = 0
    held: int = 0
    escrow: int = 0
    mentor: int = 0

    @property
    def shown(self) -> dict[str, str]:
        """Return each figure by what a person reads beside it."""
        return {
            "Konnect has taken": dinars(self.taken),
            "Lina can spend": dinars(self.learner),
            "held while she pays": dinars(self.held),
            "in escrow": dinars(self.escrow),
            "Mounir can spend": dinars(self.mentor),
        }

    def check_balance(self) -> None:
        """Raise Failed when a millime is missing or too many."""
        kept = self.learner + self.held + self.escrow + self.mentor
        if kept != self.taken:
            raise Failed(
                f"Konnect has taken {dinars(self.taken)} {CURRENCY}, but wallets and escrow hold {dinars(kept)}."
            )


@dataclass(frozen=True)
class Holders:
    """Whom to ask where the money is."""

    learner: Caller
    mentor: Caller
    outside: Outside

    def look(self, payments: list[str], booking: str | None) -> Purses:
        """Ask both sides, about these payments and this booking; raise Failed when they differ."""
        mine, theirs = _wallet(self.learner), _wallet(self.mentor)
        purses = Purses(
            taken=sum(self.outside.payment_at_konnect(payment)["reached_amount"] for payment in payments),
            learner=mine["available"]["amount"],
            held=mine["held"]["amount"],
            escrow=self._escrow(booking) if booking else 0,
            mentor=theirs["available"]["amount"],
        )
        purses.check_balance()
        return purses

    def _escrow(self, booking: str) -> int:
        escrow = self.learner.get(f"/bookings/{booking}")["escrow"]
        return int(escrow["amount"]["amount"]) if escrow and escrow["status"] in ("funded", "frozen") else 0


def dinars(millimes: int) -> str:
    """Write an amount of millimes as dinars, as people do."""
    whole, rest = divmod(abs(millimes), THOUSANDTHS)
    return f"{'-' if millimes < 0 else ''}{whole}.{rest:03}"


def _wallet(who: Caller) -> Any:
    return next(one for one in who.get("/wallet")["balances"] if one["available"]["currency"] == CURRENCY)
