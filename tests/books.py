"""The books, checked as often as tests do it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.ops.books import Checked, check_invariants
from app.ops.invariants import INVARIANTS

# One round trip; the sweep asks one by one, each in a savepoint, because there one may take too long.
_ALL_HOLD = text("SELECT " + ", ".join(f"NOT EXISTS ({rows})" for rows in INVARIANTS.values()))


def broken_invariants(session: Session) -> Sequence[Checked]:
    """Return the invariants that do not hold, with the first rows that break them."""
    if all(session.execute(_ALL_HOLD).one()):
        return ()
    return [checked for checked in check_invariants(session) if not checked.holds]
