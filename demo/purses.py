"""Where the money can be: taken by Konnect on one side; on the other every place of ours, and what was paid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, replace

from demo.dinars import CURRENCY, dinars, priced
from demo.failures import Failed

#: How a place without money is shown: the eye shall find those that have some.
NOTHING = "-"

LABELS = {
    "taken": "Konnect has taken",
    "learner": "Lina can spend",
    "held": "held while she pays",
    "escrow": "in escrow",
    "mentor": "Mounir can spend",
    "fee": "our fee",
    "leaving": "on its way out",
    "paid_out": "paid out to Mounir",
}


@dataclass(frozen=True)
class Purses:
    """Millimes at one moment, or between two. What Konnect has taken must be what all the others have together."""

    taken: int = 0
    learner: int = 0
    held: int = 0
    escrow: int = 0
    mentor: int = 0
    fee: int = 0
    leaving: int = 0
    paid_out: int = 0

    def after(self, **moved: int) -> Purses:
        """Return the purses after so much has moved; each by its name, into it or (negative) out of it."""
        return replace(self, **{name: getattr(self, name) + amount for name, amount in moved.items()})

    def since(self, before: Purses) -> Purses:
        """Return what has moved."""
        return Purses(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))

    def check(self, wanted: Purses) -> None:
        """Raise Failed unless all is where it must be, and no millime is missing or too many."""
        off = {name: amount for name, amount in asdict(self.since(wanted)).items() if amount}
        if off:
            told = ", ".join(f"{LABELS[name]} {_signed(dinars(amount))}" for name, amount in off.items())
            raise Failed(f"The money is not where it must be. Off by so many {CURRENCY}: {told}.")
        taken, *kept = astuple(self)
        if sum(kept) != taken:
            raise Failed(f"Konnect has taken {priced(taken)}, but all the others together have {priced(sum(kept))}.")

    @property
    def shown(self) -> dict[str, str]:
        """Return each figure by what a person reads beside it."""
        return {LABELS[name]: dinars(amount) if amount else NOTHING for name, amount in asdict(self).items()}


def table_of(columns: Mapping[str, Purses], *, signed: str = "") -> dict[str, dict[str, str]]:
    """Return the figures of each column, without the places where there is nothing in any of them.

    The column `signed` says what has moved: its figures bear a sign, and what has not moved is left empty.
    """
    used = {name for purses in columns.values() for name, amount in asdict(purses).items() if amount}
    labels = [label for name, label in LABELS.items() if name in used]
    return {
        column: {label: _signed(purses.shown[label]) if column == signed else purses.shown[label] for label in labels}
        for column, purses in columns.items()
    }


def _signed(figure: str) -> str:
    if figure == NOTHING:
        return ""
    return figure if figure.startswith("-") else f"+{figure}"
