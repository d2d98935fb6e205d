"""Every statement that touches schema `ledger`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.infra import db
from app.ledger.errors import InsufficientFunds, PostingRefused

# Opening the accounts inside the call keeps a posting to one round trip. They are opened in the order of their codes:
# two first postings to the same accounts, named in another order, would wait for each other's rows in a circle.
_IDS = """(
    SELECT array_agg(id ORDER BY n) FROM (
        SELECT ledger.open_account(code, :currency) AS id, n
        FROM unnest(CAST(:codes AS text[])) WITH ORDINALITY AS u (code, n) ORDER BY code) AS opened)"""

POST = text(f"SELECT ledger.post(:ref, :kind, {_IDS}, CAST(:amounts AS bigint[]), :effective_at)")
REVERSE = text("SELECT ledger.reverse(:ref, :txn_id, :effective_at)")
HOLD = text("SELECT ledger.hold(:ref, :purpose, ledger.open_account(:code, :currency), :amount)")
HOLD_ACROSS = text(f"SELECT ledger.hold_across(:ref, :purpose, {_IDS}, :amount)")
CAPTURE_HOLD = text("""
    SELECT ledger.capture_hold(:ref, :kind, :purpose, ledger.open_account(:code, :currency), :amount, :effective_at)
""")
VOID_HOLD = text("SELECT ledger.void_hold(:purpose)")

_HELD_FOR = text(
    "SELECT coalesce(sum(amount), 0)::bigint FROM ledger.hold WHERE purpose = :purpose AND state = 'active'"
)

_BALANCES = text("""
    SELECT currency, kind, posted, held FROM ledger.account
    WHERE code IN (:deposit, :earnings) AND (posted <> 0 OR held <> 0 OR currency = 'TND') ORDER BY currency
""")

_BALANCE = text("SELECT posted FROM ledger.account WHERE code = :code AND currency = :currency")

# One line for each transaction: a booking paid from deposit and earnings is one movement of one wallet.
_MOVEMENTS = text("""
    WITH lines AS (
        SELECT t.id, t.ref, t.kind, t.effective_at, a.currency, sum(e.amount)::bigint AS amount
        FROM ledger.entry AS e
        JOIN ledger.account AS a ON a.id = e.account_id
        JOIN ledger.txn AS t ON t.id = e.txn_id
        WHERE a.code IN (:deposit, :earnings)
        GROUP BY t.id, t.ref, t.kind, t.effective_at, a.currency
    ), running AS (
        SELECT *, (sum(amount) OVER (PARTITION BY currency ORDER BY id))::bigint AS balance_after FROM lines
    )
    SELECT id, ref, kind, effective_at, currency, amount, balance_after FROM running
    WHERE amount <> 0 AND id < :before ORDER BY id DESC LIMIT :limit
""")


def call(session: Session, statement: TextClause, **parameters: Any) -> int:
    """Run one of the ledger's functions; raise InsufficientFunds or PostingRefused for what the database refuses."""
    session.flush()
    try:
        found: int = session.execute(statement, parameters).scalar_one()
    except DBAPIError as error:
        if db.constraint(error) in ("ck_account_floor", "ck_account_held"):
            raise InsufficientFunds from error
        if db.sqlstate(error) in ("AM001", "AM002"):
            raise PostingRefused(db.constraint(error), str(error.orig)) from error
        raise
    return found


def held_for(session: Session, purpose: str) -> int:
    """Return the minor units that are held for a purpose now."""
    held: int = session.execute(_HELD_FOR, {"purpose": purpose}).scalar_one()
    return held


def balances(session: Session, deposit: str, earnings: str) -> Sequence[Row[Any]]:
    """Return (currency, kind, posted, held) of a wallet's accounts."""
    return session.execute(_BALANCES, {"deposit": deposit, "earnings": earnings}).all()


def balance(session: Session, code: str, currency: str) -> int:
    """Return the minor units posted on an account; nothing where it was never opened."""
    posted: int | None = session.execute(_BALANCE, {"code": code, "currency": currency}).scalar()
    return posted or 0


def movements(session: Session, deposit: str, earnings: str, *, before: int, limit: int) -> Sequence[Row[Any]]:
    """Return a wallet's movements below a transaction id, the latest first."""
    parameters = {"deposit": deposit, "earnings": earnings, "before": before, "limit": limit}
    return session.execute(_MOVEMENTS, parameters).all()
