"""The ledger refuses what is no posting, keeps what it accepted, and does everything once."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.infra import db
from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts, service
from app.ledger.errors import InsufficientFunds, PostingRefused

pytestmark = pytest.mark.usefixtures("database")


def tnd(minor: int) -> Money:
    return Money(minor, "TND")


def top_up(user, minor: int) -> None:
    with session_scope() as session:
        service.post(
            session,
            f"capture:{uuid4()}",
            "capture",
            {accounts.psp("konnect"): tnd(-minor), accounts.deposit(user): tnd(minor)},
        )


def wallet(user):
    with session_scope() as session:
        (balance,) = service.wallet(session, user)
    return balance.available.minor, balance.held.minor, balance.withdrawable.minor


def raw(sql: str, **parameters):
    """Call a ledger function as the runtime role, with arguments that the service would never give."""
    with session_scope() as session:
        return session.execute(text(sql), parameters).scalar()


def test_a_posting_moves_money_between_accounts_and_sums_to_zero() -> None:
    user = uuid4()
    top_up(user, 10_001)
    assert wallet(user) == (10_001, 0, 0)
    with session_scope() as session:
        assert service.balance(session, accounts.psp("konnect"), "TND") == tnd(-10_001)
        assert session.scalar(text("SELECT sum(amount) FROM ledger.entry")) == 0


def test_the_same_ref_posts_once_and_another_body_under_it_is_refused() -> None:
    user = uuid4()
    lines = {accounts.psp("konnect"): tnd(-5), accounts.deposit(user): tnd(5)}
    with session_scope() as session:
        first = service.post(session, "capture:x:1", "capture", lines)
        assert service.post(session, "capture:x:1", "capture", lines) == first
    assert wallet(user) == (5, 0, 0)
    other = {accounts.psp("konnect"): tnd(-6), accounts.deposit(user): tnd(6)}
    with pytest.raises(PostingRefused, match="ref_reused"), session_scope() as session:
        service.post(session, "capture:x:1", "capture", other)


def test_nobody_spends_below_the_floor() -> None:
    user = uuid4()
    top_up(user, 10)
    with pytest.raises(InsufficientFunds), session_scope() as session:
        service.post(session, "fund:x", "fund", {accounts.deposit(user): tnd(-11), accounts.escrow(uuid4()): tnd(11)})
    assert wallet(user) == (10, 0, 0)


@pytest.mark.parametrize(
    ("accounts_sql", "amounts", "reason"),
    [
        ("ARRAY[a]", [1], "too_few_lines"),
        ("ARRAY[]::bigint[]", [], "too_few_lines"),
        ("ARRAY[a, b]", [1, -1, 0], "unequal_arrays"),
        ("ARRAY[a, b]", [1, 0], "empty_line"),
        ("ARRAY[a, NULL]", [1, -1], "empty_line"),
        ("ARRAY[a, a]", [1, -1], "repeated_account"),
        ("ARRAY[a, 999999]", [1, -1], "unknown_account"),
        ("ARRAY[a, b]", [1, -2], "unbalanced"),
        ("ARRAY[a, e]", [1, -1], "unbalanced"),
    ],
)
def test_what_is_no_posting_is_refused_by_the_database_itself(
    accounts_sql: str, amounts: list[int], reason: str
) -> None:
    with pytest.raises(DBAPIError) as refused:
        raw(
            f"""SELECT ledger.post('x', 'capture', {accounts_sql}, CAST(:amounts AS bigint[]), now()) FROM (SELECT
            ledger.open_account('psp:konnect', 'TND') AS a, ledger.open_account('fee_revenue', 'TND') AS b,
            ledger.open_account('fee_revenue', 'EUR') AS e) AS opened""",
            amounts=amounts,
        )
    assert db.constraint(refused.value) == reason
    assert raw("SELECT count(*) FROM ledger.txn") == 0


@pytest.mark.parametrize("code", ["deposit", "fee_revenue:x", "nonsense:1", "escrow:a b", ""])
def test_an_account_of_no_known_kind_is_not_opened(code: str) -> None:
    with pytest.raises(DBAPIError) as refused:
        raw("SELECT ledger.open_account(:code, 'TND')", code=code)
    assert db.constraint(refused.value) == "unknown_account"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger.entry VALUES (1, 1, 1, 1, 1, 1)",
        "UPDATE ledger.entry SET amount = 1",
        "DELETE FROM ledger.txn",
        "TRUNCATE ledger.entry",
        "UPDATE ledger.account SET posted = 1000000",
        "INSERT INTO ledger.hold (ref, purpose, account_id, amount) VALUES ('x', 'x', 1, 1)",
        "SELECT ledger.write_entries(1, ARRAY[1], ARRAY[1])",
        "SELECT ledger.begin_txn('x', 'x', 'x', now())",
        "SELECT ledger.lock_accounts(ARRAY[1])",
        "UPDATE ledger.hold SET amount = 1",
        "INSERT INTO ledger.account (code, currency, kind) VALUES ('deposit:x', 'TND', 'deposit')",
        "UPDATE ledger.account_kind SET floor = NULL",
        "DROP TABLE ledger.entry",
        "ALTER TABLE ledger.account DISABLE TRIGGER ALL",
        "DELETE FROM event",
        "UPDATE event SET type = 'x'",
    ],
)
def test_the_runtime_role_cannot_write_around_the_functions(statement: str) -> None:
    with pytest.raises(DBAPIError) as refused:
        raw(statement)
    assert db.sqlstate(refused.value) == "42501"


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger.entry SET amount = 2", "DELETE FROM ledger.txn", "TRUNCATE ledger.account CASCADE"]
)
def test_not_even_the_owner_rewrites_history(owner: psycopg.Connection, statement: str) -> None:
    top_up(uuid4(), 3)
    with pytest.raises(psycopg.Error, match="append-only"):
        owner.execute(statement)


def test_a_transaction_is_reversed_once_and_exactly() -> None:
    user = uuid4()
    with session_scope() as session:
        txn = service.post(
            session, "capture:r", "capture", {accounts.psp("konnect"): tnd(-7), accounts.deposit(user): tnd(7)}
        )
        service.reverse(session, "reverse:r", txn)
        service.reverse(session, "reverse:r", txn)
    assert wallet(user) == (0, 0, 0)
    with pytest.raises(DBAPIError, match="uq_txn_reverses_id"), session_scope() as session:
        service.reverse(session, "reverse:again", txn)


def test_what_is_held_is_not_available_and_comes_back_when_the_hold_is_voided() -> None:
    user = uuid4()
    top_up(user, 100)
    with session_scope() as session:
        service.hold_from_wallet(session, user, tnd(60), ref="hold:o", purpose="order:o")
    assert wallet(user) == (40, 60, 0)
    with pytest.raises(InsufficientFunds), session_scope() as session:
        service.hold_from_wallet(session, user, tnd(41), ref="hold:p", purpose="order:p")
    with session_scope() as session:
        assert service.void_holds(session, "order:o") == 60
        assert service.void_holds(session, "order:o") == 0
    assert wallet(user) == (100, 0, 0)


@pytest.mark.parametrize("is_deposit_held_first", [True, False])
def test_captured_holds_fund_the_escrow_deposits_first_and_free_what_is_over(*, is_deposit_held_first: bool) -> None:
    user, booking = uuid4(), uuid4()
    top_up(user, 30)
    with session_scope() as session:
        service.post(
            session, "release:e", "release", {accounts.psp("konnect"): tnd(-50), accounts.earnings(user): tnd(50)}
        )
        holds = [(accounts.deposit(user), tnd(30)), (accounts.earnings(user), tnd(50))]
        for account, amount in holds if is_deposit_held_first else reversed(holds):
            service.hold(session, account, amount, ref=f"hold:{account}", purpose="order:o")
    with session_scope() as session:
        service.capture_holds(session, "order:o", accounts.escrow(booking), tnd(45), ref=f"fund:{booking}", kind="fund")
        assert service.balance(session, accounts.escrow(booking), "TND") == tnd(45)
    assert wallet(user) == (35, 0, 35)  # 30 from the deposit, 15 from the earnings, and nothing stays held


def test_holds_that_do_not_cover_the_amount_fund_nothing() -> None:
    user, booking = uuid4(), uuid4()
    top_up(user, 30)
    with session_scope() as session:
        service.hold_from_wallet(session, user, tnd(30), ref="h", purpose="order:o")
    with pytest.raises(PostingRefused, match="holds_too_small"), session_scope() as session:
        service.capture_holds(session, "order:o", accounts.escrow(booking), tnd(31), ref=f"fund:{booking}", kind="fund")
    assert wallet(user) == (0, 30, 0)


def test_holds_are_spent_once_whoever_asks_again() -> None:
    user, booking = uuid4(), uuid4()
    top_up(user, 60)
    with session_scope() as session:
        service.hold_from_wallet(session, user, tnd(60), ref="h", purpose="order:o")
    spend = {"to": accounts.escrow(booking), "ref": f"fund:{booking}", "kind": "fund"}
    with session_scope() as session:
        first = service.capture_holds(session, "order:o", amount=tnd(45), **spend)
        assert service.capture_holds(session, "order:o", amount=tnd(45), **spend) == first
        assert service.void_holds(session, "order:o") == 0
    assert wallet(user) == (15, 0, 0)
    for other in ({"purpose": "order:p"}, {"amount": tnd(46)}, {"to": accounts.escrow(uuid4())}):
        with pytest.raises(PostingRefused, match="ref_reused"), session_scope() as session:
            service.capture_holds(session, **({"purpose": "order:o", "amount": tnd(45)} | spend | other))


def test_a_wallet_is_held_once_under_one_ref() -> None:
    user = uuid4()
    top_up(user, 30)
    with session_scope() as session:
        service.post(session, "earn", "release", {accounts.psp("x"): tnd(-50), accounts.earnings(user): tnd(50)})
    for _ in range(2):
        with session_scope() as session:
            service.hold_from_wallet(session, user, tnd(40), ref="h", purpose="order:o")
    assert wallet(user) == (40, 40, 40)
    for other in ({"purpose": "order:p"}, {"amount": tnd(41)}):
        with pytest.raises(PostingRefused, match="ref_reused"), session_scope() as session:
            service.hold_from_wallet(session, user, **({"amount": tnd(40), "ref": "h", "purpose": "order:o"} | other))
    assert wallet(user) == (40, 40, 40)


def test_one_hold_keeps_its_body() -> None:
    user = uuid4()
    top_up(user, 30)
    place = {"account": accounts.deposit(user), "amount": tnd(10), "ref": "h", "purpose": "order:o"}
    for _ in range(2):
        with session_scope() as session:
            service.hold(session, **place)
    assert wallet(user) == (20, 10, 0)
    for other in ({"purpose": "order:p"}, {"amount": tnd(11)}, {"account": accounts.earnings(user)}):
        with pytest.raises(PostingRefused, match="ref_reused"), session_scope() as session:
            service.hold(session, **(place | other))


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_than_nothing_cannot_be_held(amount: int) -> None:
    with pytest.raises(DBAPIError) as refused:
        raw("SELECT ledger.hold('h', 'p', ledger.open_account('deposit:x', 'TND'), :amount)", amount=amount)
    assert db.constraint(refused.value) == "ck_hold_amount"


def test_dinars_that_are_held_pay_for_nothing_in_euros() -> None:
    user = uuid4()
    top_up(user, 30)
    with session_scope() as session:
        service.hold_from_wallet(session, user, tnd(30), ref="h", purpose="order:o")
    with pytest.raises(PostingRefused, match="unbalanced"), session_scope() as session:
        service.capture_holds(session, "order:o", "fee_revenue", Money(30, "EUR"), ref="f", kind="fund")
    assert wallet(user) == (0, 30, 0)


def test_what_was_spent_or_is_held_cannot_be_taken_back() -> None:
    user = uuid4()
    with session_scope() as session:
        lines = {accounts.psp("konnect"): tnd(-7), accounts.deposit(user): tnd(7)}
        txn = service.post(session, "capture:r", "capture", lines)
        service.hold(session, accounts.deposit(user), tnd(1), ref="h", purpose="order:o")
    with pytest.raises(InsufficientFunds), session_scope() as session:
        service.reverse(session, "reverse:r", txn)
    assert wallet(user) == (6, 1, 0)


def test_the_history_of_an_account_can_be_read_back_entry_by_entry() -> None:
    user = uuid4()
    for minor in (5, 7, 9):
        top_up(user, minor)
    with session_scope() as session:
        service.post(session, "fund:x", "fund", {accounts.deposit(user): tnd(-20), accounts.escrow(uuid4()): tnd(20)})
        query = text(
            "SELECT e.amount, e.balance_after, e.account_version FROM ledger.entry AS e "
            "JOIN ledger.account AS a ON a.id = e.account_id WHERE a.code = :code ORDER BY account_version"
        )
        rows = session.execute(query, {"code": accounts.deposit(user)}).all()
    assert rows == [(5, 5, 1), (7, 12, 2), (9, 21, 3), (-20, 1, 4)]
