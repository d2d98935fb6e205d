"""An independent reckoning of the whole market: what lies where, what is held for whom, and where everything stands.

Plain Python after docs/MONEY.md and docs/API.md. It imports nothing of the product. Amounts are millimes, time is
seconds since the walk began, everything is known by the ids that the product gave it.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PAY_LINK, CANCEL_NOTICE, WINDOW, PAYOUT_LINK = 15 * MINUTE, DAY, DAY, 72 * HOUR
SESSION, MOST_UNPAID, FEE_BASIS_POINTS = HOUR, 3, 1_500

PSP, SUSPENSE, FEES = "psp:konnect", "suspense:konnect", "fee_revenue"


class Refused(Exception):
    """What was asked for cannot be done; `code` is what the API says."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Hold:
    """Money on an account that is there for one order only."""

    order: str
    account: str
    amount: int


@dataclass
class Books:
    """Double entry in a few lines."""

    balance: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    holds: list[Hold] = field(default_factory=list)

    def move(self, lines: dict[str, int]) -> None:
        """Add to each account; what is taken from one is given to another."""
        assert sum(lines.values()) == 0
        for account, amount in lines.items():
            self.balance[account] += amount

    def held(self, account: str) -> int:
        return sum(hold.amount for hold in self.holds if hold.account == account)

    def free(self, account: str) -> int:
        return self.balance[account] - self.held(account)

    def spendable(self, person: str) -> int:
        return self.free(f"deposit:{person}") + self.free(f"earnings:{person}")

    def held_for(self, order: str) -> int:
        return sum(hold.amount for hold in self.holds if hold.order == order)

    def hold_from_wallet(self, person: str, amount: int, order: str) -> None:
        """Hold what a person put in before what they earned."""
        for account in (f"deposit:{person}", f"earnings:{person}"):
            part = min(amount, self.free(account))
            if part:
                self.holds.append(Hold(order, account, part))
            amount -= part
        assert amount == 0

    def spend_holds(self, order: str, to: str, amount: int) -> None:
        """Move what is held for an order, deposits first; what is held beyond that is free again."""
        lines: dict[str, int] = defaultdict(int)
        for hold in sorted(self.free_holds(order), key=lambda hold: hold.account.startswith("earnings")):
            part = min(amount - lines[to], hold.amount)
            lines[hold.account] -= part
            lines[to] += part
        assert lines[to] == amount
        self.move(lines)

    def free_holds(self, order: str) -> list[Hold]:
        mine = [hold for hold in self.holds if hold.order == order]
        self.holds = [hold for hold in self.holds if hold.order != order]
        return mine

    def shown(self) -> dict[str, tuple[int, int]]:
        """Return (balance, held) of every account on which there is something."""
        found = {account: (amount, self.held(account)) for account, amount in self.balance.items()}
        return {account: amounts for account, amounts in found.items() if any(amounts)}


@dataclass
class Booking:
    """A session with its order and its escrow."""

    key: str
    order: str
    learner: str
    mentor: str
    price: int
    start: int
    deadline: int
    state: str = "awaiting_payment"
    order_state: str = "open"
    escrow: str | None = None

    @property
    def end(self) -> int:
        return self.start + SESSION

    def touches(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


@dataclass
class Link:
    """An attempt at the gateway to pay for a booking, to top a wallet up, or to pay a payout.

    `calls`: how often the gateway was asked for it. `exists`: the gateway has it. `known`: we know that it has.
    `reached`: what was paid there. `captured`: what of it was booked. `was_resolved`: by a person, not by the gateway.
    """

    key: str
    amount: int
    expires: int
    payer: str = ""
    booking: str | None = None
    payout: str | None = None
    state: str = "initiating"
    calls: int = 0
    exists: bool = False
    known: bool = False
    reached: int = 0
    captured: int = 0
    was_resolved: bool = False

    @property
    def is_live(self) -> bool:
        return self.state in {"initiating", "awaiting_payer"}

    @property
    def is_final(self) -> bool:
        return self.state in {"captured", "paid", "conflicted"}


@dataclass
class Payout:
    """Earnings on their way out. `debt`: what went out by a second link and could not be taken back."""

    key: str
    mentor: str
    amount: int
    state: str = "pending"
    debt: int = 0

    @property
    def is_open(self) -> bool:
        return self.state in {"pending", "approved", "processing", "unknown"}


@dataclass
class Market:
    """All of it, at one moment."""

    now: int
    books: Books = field(default_factory=Books)
    bookings: dict[str, Booking] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)

    def ask(self, act: Callable[..., None], *arguments: Any) -> str:
        """Do something wholly or not at all; the code of its refusal, empty where it was done."""
        before = copy.deepcopy(vars(self))
        try:
            act(self, *arguments)
        except Refused as refusal:
            vars(self).update(before)
            return refusal.code
        return ""

    def by_order(self, order: str) -> Booking:
        return next(booking for booking in self.bookings.values() if booking.order == order)

    def links_of(self, *, booking: str | None = None, payout: str | None = None) -> list[Link]:
        """Return the links of a booking or of a payout, the oldest first."""
        return [link for link in self.links.values() if (link.booking, link.payout) == (booking, payout)]

    def states(self) -> dict[str, str]:
        """Return where everything stands, by kind and id."""
        found: dict[str, str] = {}
        for booking in self.bookings.values():
            found |= {f"booking {booking.key}": booking.state, f"order {booking.order}": booking.order_state}
            if booking.escrow:
                found[f"escrow {booking.key}"] = booking.escrow
        for link in self.links.values():
            found[f"link {link.key}"] = link.state
        for payout in self.payouts.values():
            found[f"payout {payout.key}"] = f"{payout.state}, debt {payout.debt}"
        return found
