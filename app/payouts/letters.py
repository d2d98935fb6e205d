"""What a mentor is told of a payout: that the money came, or why it did not and where it is now.

An approval is no news: it moves no money, and what follows from it is told.
"""

from __future__ import annotations

from app.gateways.letters import Block, Link
from app.identity.service import Person
from app.infra.config import settings
from app.kernel.money import Money
from app.kernel.zones import zone
from app.notifications.service import News
from app.payouts.models import Payout
from app.payouts.states import PayoutState

#: What is told: its type in the inbox, and its title there and in the mail's subject.
TITLES = {
    "payout_paid": "Payout paid",
    "payout_resolved": "Payout looked into",
    "payout_rejected": "Payout rejected",
    "payout_returned": "Payout delayed",
    "payout_charged": "Payout paid twice or too late",
}

#: How a payout was closed before a link of it was paid all the same.
_CLOSED = {
    PayoutState.PAID: "was paid already",
    PayoutState.REJECTED: "was rejected",
    PayoutState.CANCELLED: "you had cancelled",
}


def paid(payout: Payout, reader: Person) -> News:
    """Tell that the money is at the mentor's own wallet."""
    told = f"{payout.asked} was paid to your Konnect wallet."
    asked = payout.requested_at.astimezone(zone(reader.timezone))
    facts = {"Amount": str(payout.asked), "Wallet": payout.destination, "Asked for": f"{asked.day} {asked:%B %Y}"}
    return _news(payout, reader, "payout_paid", told, facts, _to_payouts("Your payouts"))


def resolved(payout: Payout, reader: Person) -> News:
    """Tell what a person found out when the gateway could not say what became of it."""
    told = (
        f"Your payout of {payout.asked} is closed as paid. What had not reached you is back in your earnings; what was"
        f" too much was taken from them.{_owed(payout)}"
    )
    reason = f"What we found out: {payout.reason}"
    return _news(payout, reader, "payout_resolved", told, reason, _to_payouts("Your payouts"))


def rejected(payout: Payout, reader: Person) -> News:
    """Tell that the money is earnings again, and why."""
    told = f"Your payout of {payout.asked} was rejected. The money is back in your earnings."
    reason = f"The reason given: {payout.reason}"
    return _news(payout, reader, "payout_rejected", told, reason, _to_payouts("Ask again"))


def returned(payout: Payout, reader: Person) -> News:
    """Tell that it takes longer."""
    told = (
        f"Your payout of {payout.asked} could not be paid yet: it waits to be approved again. The money stays set"
        " aside for it; you need do nothing."
    )
    choice = "If you would rather have it back in your earnings, cancel the payout:"
    return _news(payout, reader, "payout_returned", told, choice, _to_payouts())


def charged(payout: Payout, reader: Person) -> News:
    """Tell of money that came for a payout that was closed, and how it was taken back."""
    told = f"{payout.asked} reached your Konnect wallet for a payout that {_CLOSED[PayoutState(payout.status)]}."
    back = f"We have taken it from your earnings{', as far as they reached' if payout.debt else ''}.{_owed(payout)}"
    how = f"It was paid by an old link, which we could not take back. The payout is {payout.id}."
    return _news(payout, reader, "payout_charged", f"{told} {back}", how, _to_payouts("Your payouts"))


def _owed(payout: Payout) -> str:
    return f" You owe us {Money(payout.debt, payout.asked.currency)}." if payout.debt else ""


def _to_payouts(label: str = "") -> Link:
    return Link(f"{settings().frontend_url}/payouts", label)


def _news(payout: Payout, reader: Person, kind: str, message: str, *body: Block) -> News:
    return News(
        reader=reader, type=kind, title=TITLES[kind], message=message, about=str(payout.asked), body=body,
        related_kind="payout", related_id=payout.id,
    )  # fmt: skip
