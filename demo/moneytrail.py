"""Follows the money of the story, and asks everybody who has to do with it where it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from demo.caller import Caller
from demo.dinars import CURRENCY
from demo.postings import posted
from demo.purses import Purses, table_of
from demo.stage import Stage

#: States of a payout in which its money has left the wallet and has not arrived.
UNDER_WAY = ("pending", "approved", "processing")


@dataclass(frozen=True)
class Payout:
    """A payout of the story, and the id under which Konnect knows its link."""

    id: str
    link_id: str | None = None


@dataclass
class MoneyTrail:
    """What the story has paid, booked and paid out so far, and where the money was at each moment of it."""

    stage: Stage
    learner: Caller
    mentor: Caller
    payments: list[str] = field(default_factory=list)
    bookings: list[str] = field(default_factory=list)
    payout: Payout | None = None
    _moments: dict[str, Purses] = field(default_factory=dict)

    def show(self, moment: str, **moved: int) -> None:
        """Show what has moved, and where the money is now; raise Failed unless it is just this (millimes)."""
        before = next(reversed(self._moments.values()), Purses())
        now = self._moments[moment] = self._look()
        self.stage.screen.table(CURRENCY, table_of({"moved": now.since(before), "now": now}, signed="moved"))
        now.check(before.after(**moved))

    def show_all(self) -> None:
        """Show where the money was at every moment."""
        self.stage.screen.table(CURRENCY, table_of(self._moments))

    def _look(self) -> Purses:
        """Ask Konnect what came and went, the API what people and bookings have, and the ledger for our part."""
        mine, theirs = _wallet(self.learner), _wallet(self.mentor)
        releases = [f"release:{booking}" for booking in self.bookings]
        return Purses(
            taken=sum(self._reached(payment) for payment in self.payments),
            learner=mine["available"]["amount"],
            held=mine["held"]["amount"],
            escrow=sum(self._escrow(booking) for booking in self.bookings),
            mentor=theirs["available"]["amount"],
            fee=posted(self.stage.world.database_url, "fee_revenue", releases),
            leaving=self._leaving(),
            paid_out=self._reached(self.payout.link_id) if self.payout and self.payout.link_id else 0,
        )

    def _reached(self, order_id: str) -> int:
        return int(self.stage.outside.payment_at_konnect(order_id)["reached_amount"])

    def _escrow(self, booking: str) -> int:
        escrow = self.learner.get(f"/bookings/{booking}")["escrow"]
        return int(escrow["amount"]["amount"]) if escrow and escrow["status"] in ("funded", "frozen") else 0

    def _leaving(self) -> int:
        if self.payout is None:
            return 0
        payout = self.mentor.get(f"/payouts/{self.payout.id}")
        return int(payout["amount"]["amount"]) if payout["status"] in UNDER_WAY else 0


def _wallet(who: Caller) -> Any:
    return next(one for one in who.get("/wallet")["balances"] if one["available"]["currency"] == CURRENCY)
