"""Post, hold, release, read. Amounts are Money; what each movement means stands in MONEY.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.infra.clock import business_now
from app.kernel.money import Money
from app.ledger import accounts, queries

HOME_CURRENCY = "TND"

Kind = Literal["capture", "fund", "return", "release", "payout", "payout_paid", "payout_back", "suspense"]

#: What a ledger transaction is called in a wallet (API §5).
WALLET_KINDS = {"release": "earning"}

#: What the first word of a ref's transaction speaks of.
REFERENCES = {
    "capture": "payment", "correction": "payment", "fund": "booking", "return": "booking", "release": "booking",
    "payout": "payout", "payout-back": "payout", "payout-late": "payout_attempt",
}  # fmt: skip


@dataclass(frozen=True)
class Balance:
    """A wallet in one currency. `available` can be spent, `withdrawable` can also be paid out."""

    available: Money
    held: Money
    withdrawable: Money


@dataclass(frozen=True)
class Movement:
    """One line of a wallet's history; `amount` is signed, `reference_kind` and `reference_id` say what it was for."""

    id: int
    kind: str
    amount: Money
    balance_after: Money
    reference_kind: str
    reference_id: str
    created_at: datetime


def post(session: Session, ref: str, kind: Kind, lines: Mapping[str, Money]) -> int:
    """Post a transaction of account code → signed amount, all of one currency; return its id.

    The same ref posts once. Raises InsufficientFunds when an account would fall below its floor.
    """
    (currency,) = {amount.currency for amount in lines.values()}
    return queries.call(
        session,
        queries.POST,
        ref=ref,
        kind=kind,
        codes=list(lines),
        amounts=[amount.minor for amount in lines.values()],
        currency=currency,
        effective_at=business_now(session),
    )


def reverse(session: Session, ref: str, txn_id: int) -> int:
    """Undo a transaction by its mirror, at most once; return the new transaction's id."""
    return queries.call(session, queries.REVERSE, ref=ref, txn_id=txn_id, effective_at=business_now(session))


def hold(session: Session, account: str, amount: Money, *, ref: str, purpose: str) -> None:
    """Earmark an amount for a purpose; raise InsufficientFunds when it is not free. The same ref holds once."""
    queries.call(
        session, queries.HOLD, ref=ref, purpose=purpose, code=account, currency=amount.currency, amount=amount.minor
    )


def hold_from_wallet(session: Session, user_id: UUID, amount: Money, *, ref: str, purpose: str) -> None:
    """Earmark an amount of a wallet, deposit before earnings; raise InsufficientFunds when it is not there."""
    codes = [accounts.deposit(user_id), accounts.earnings(user_id)]
    queries.call(
        session, queries.HOLD_ACROSS, ref=ref, purpose=purpose, codes=codes, currency=amount.currency,
        amount=amount.minor,
    )  # fmt: skip


def capture_holds(session: Session, purpose: str, to: str, amount: Money, *, ref: str, kind: Kind) -> int:
    """Spend what is held for a purpose: `amount` goes to the account, deposits first, the rest is free again."""
    return queries.call(
        session, queries.CAPTURE_HOLD, ref=ref, kind=kind, purpose=purpose, code=to, currency=amount.currency,
        amount=amount.minor, effective_at=business_now(session),
    )  # fmt: skip


def void_holds(session: Session, purpose: str) -> int:
    """Free what is held for a purpose; return the minor units that were."""
    return queries.call(session, queries.VOID_HOLD, purpose=purpose)


def held_for(session: Session, purpose: str, currency: str) -> Money:
    """Return what is held for a purpose now."""
    return Money(queries.held_for(session, purpose), currency)


def balance(session: Session, account: str, currency: str) -> Money:
    """Return what is posted on an account."""
    return Money(queries.balance(session, account, currency), currency)


def available(session: Session, user_id: UUID, currency: str) -> Money:
    """Return what a wallet can spend."""
    return _in(session, user_id, currency).available


def withdrawable(session: Session, user_id: UUID, currency: str) -> Money:
    """Return what of a wallet can be paid out: earnings that are not held."""
    return _in(session, user_id, currency).withdrawable


def wallet(session: Session, user_id: UUID) -> list[Balance]:
    """Return a user's balances, one for each currency; TND is always there."""
    rows = queries.balances(session, accounts.deposit(user_id), accounts.earnings(user_id))
    return [_balance(rows, currency) for currency in sorted({HOME_CURRENCY, *(row.currency for row in rows)})]


def movements(session: Session, user_id: UUID, *, before: int, limit: int) -> Sequence[Movement]:
    """Return a wallet's history below a transaction id, the latest first."""
    rows = queries.movements(session, accounts.deposit(user_id), accounts.earnings(user_id), before=before, limit=limit)
    return [
        Movement(
            id=row.id,
            kind=WALLET_KINDS.get(row.kind, row.kind),
            amount=Money(row.amount, row.currency),
            balance_after=Money(row.balance_after, row.currency),
            reference_kind=REFERENCES.get(row.ref.split(":")[0], "transaction"),
            reference_id=row.ref.split(":")[1],
            created_at=row.effective_at,
        )
        for row in rows
    ]


def _in(session: Session, user_id: UUID, currency: str) -> Balance:
    return _balance(queries.balances(session, accounts.deposit(user_id), accounts.earnings(user_id)), currency)


def _balance(rows: Sequence[Row[Any]], currency: str) -> Balance:
    mine = [row for row in rows if row.currency == currency]
    return Balance(
        available=Money(sum(row.posted - row.held for row in mine), currency),
        held=Money(sum(row.held for row in mine), currency),
        withdrawable=Money(sum(row.posted - row.held for row in mine if row.kind == "earnings"), currency),
    )
