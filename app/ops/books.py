"""The books: the trial balance, the invariants, and what lies on accounts that must return to zero."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.infra.config import settings
from app.kernel.money import Money
from app.ops.invariants import INVARIANTS

#: How many broken rows a detail shows.
SHOWN = 5

_TRIAL_BALANCE = text("""
    SELECT kind AS account, currency, sum(posted)::bigint AS balance FROM ledger.account
    GROUP BY kind, currency ORDER BY kind, currency
""")

_CLEARING = text("""
    SELECT a.code AS account, a.currency, a.posted AS balance, max(t.effective_at) AS since
    FROM ledger.account AS a
    JOIN ledger.account_kind AS k ON k.kind = a.kind AND k.returns_to_zero
    JOIN ledger.entry AS e ON e.account_id = a.id
    JOIN ledger.txn AS t ON t.id = e.txn_id
    WHERE a.posted <> 0 GROUP BY a.id ORDER BY since LIMIT 1000
""")


@dataclass(frozen=True)
class Checked:
    """An invariant and whether it holds; `detail` shows the first rows that break it.

    One that could not be checked counts as one that does not hold, and `detail` says why.
    """

    name: str
    holds: bool
    detail: str
    is_checked: bool = True


@dataclass(frozen=True)
class BookedAccount:
    """An account, or all accounts of a kind, with what is posted there; `since` is its last movement, UTC."""

    account: str
    balance: Money
    since: datetime | None = None


@dataclass(frozen=True)
class Books:
    """All of it, read in one transaction."""

    trial_balance: Sequence[BookedAccount]
    invariants: Sequence[Checked]
    clearing: Sequence[BookedAccount]


def read_books(session: Session) -> Books:
    """Read the books in one snapshot, so that what is being posted meanwhile cannot look like a mistake."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    return Books(_accounts(session, _TRIAL_BALANCE), check_invariants(session), _accounts(session, _CLEARING))


def check_invariants(session: Session) -> list[Checked]:
    """Check every invariant; each is one statement with a snapshot of its own unless the transaction has one.

    By chance in another order each time: where some take so long that others are not come to, those are another time.
    """
    until = time.monotonic() + settings().task_seconds // 2
    found = {}
    for name in random.sample(list(INVARIANTS), len(INVARIANTS)):
        if time.monotonic() < until:
            found[name] = _check(session, name, INVARIANTS[name])
        else:
            found[name] = _unchecked(name, "others took too long")
    return [found[name] for name in INVARIANTS]


def _check(session: Session, name: str, statement: str) -> Checked:
    """Check one behind a savepoint: that it takes too long must not keep anybody from the others."""
    try:
        with session.begin_nested():
            rows = session.execute(text(f"{statement} LIMIT {SHOWN}")).mappings().all()
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return _unchecked(name, str(error.orig))
    detail = "; ".join(", ".join(f"{key}={value}" for key, value in row.items()) for row in rows)
    return Checked(name, holds=not rows, detail=detail)


def _unchecked(name: str, why: str) -> Checked:
    return Checked(name, holds=False, detail=f"not checked: {why}", is_checked=False)


def _accounts(session: Session, statement: TextClause) -> list[BookedAccount]:
    rows = session.execute(statement).mappings()
    return [BookedAccount(row["account"], Money(row["balance"], row["currency"]), row.get("since")) for row in rows]
