"""Books that are wrong ring: one critical alarm for each invariant that does not hold, and one when nobody can tell."""

from __future__ import annotations

import pytest

from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.ops.invariants import INVARIANTS
from tests.conftest import forget_connections
from tests.factories.identity import token_for

HELD = "held is the sum of the active holds"
SUMS = "everything sums to zero in each currency"
BALANCES = "a balance is the sum of its entries"


@pytest.fixture
def check_books(database):
    """Return the sweep that Beat starts every minute."""
    from tasks.maintenance import check_books  # noqa: PLC0415 - it reads the settings

    return check_books


@pytest.fixture
def break_books(owner):
    """Return a function that puts millimes on an account, past the ledger's functions."""
    with session_scope() as session:
        lines = {accounts.psp("konnect"): Money(-5, "TND"), accounts.suspense("konnect"): Money(5, "TND")}
        ledger.post(session, "suspense:x", "suspense", lines)
    return lambda minor: owner.execute(
        "UPDATE ledger.account SET posted = posted + %s WHERE kind = 'suspense'", [minor]
    )


@pytest.fixture
def block_holds(setting, database):
    """Return a function that keeps everybody from reading holds, and lets nobody wait for them for long."""

    def block(blocking):
        setting("STATEMENT_TIMEOUT_SECONDS", "8")
        forget_connections()
        blocking.execute("LOCK TABLE ledger.hold IN ACCESS EXCLUSIVE MODE")

    yield block
    forget_connections()


def about(alarms, invariant):
    return [alarm for alarm in alarms() if alarm["metadata"].get("invariant") == invariant]


def test_a_wrong_invariant_is_one_critical_alarm_however_often_it_is_checked(break_books, check_books, alarms):
    check_books()
    assert alarms() == [], "the books are right, and ring"
    break_books(1)
    for _ in range(3):
        check_books()
    for invariant in (SUMS, BALANCES):
        (alarm,) = about(alarms, invariant)
        assert (alarm["type"], alarm["severity"], alarm["count"]) == ("system_error", "critical", 3)
        assert invariant in alarm["message"]
        assert alarm["related"] is None
    assert "off=1" in about(alarms, SUMS)[0]["metadata"]["detail"]


def test_after_it_was_read_it_rings_again_while_it_lasts_and_no_longer(client, admin, break_books, check_books, alarms):
    break_books(1)
    check_books()
    for alarm in alarms():
        client.post(f"/api/v1/admin/notifications/{alarm['id']}/read", headers=token_for(admin))
    check_books()
    assert [alarm["is_read"] for alarm in about(alarms, SUMS)] == [False, True]
    break_books(-1)
    check_books()
    assert [alarm["count"] for alarm in about(alarms, SUMS)] == [1, 1]


def test_an_invariant_that_takes_too_long_is_told_and_hides_no_other(
    break_books, check_books, alarms, owner, block_holds
):
    break_books(1)
    for _ in range(2):
        with owner.transaction():
            block_holds(owner)
            check_books()
    assert len(about(alarms, SUMS)) == len(about(alarms, BALANCES)) == 1
    (unchecked,) = (alarm for alarm in alarms() if "invariants" in alarm["metadata"])
    assert (unchecked["severity"], unchecked["count"]) == ("critical", 2)
    assert HELD in unchecked["metadata"]["invariants"]
    assert SUMS not in unchecked["metadata"]["invariants"]


def test_the_books_say_what_could_not_be_checked(client, admin, break_books, owner, block_holds):
    break_books(1)
    with owner.transaction():
        block_holds(owner)
        answer = client.get("/api/v1/admin/books", headers=token_for(admin))
    assert answer.status_code == 200
    found = {invariant["name"]: invariant for invariant in answer.json["invariants"]}
    assert found[HELD]["holds"] is False
    assert found[HELD]["detail"] == "not checked: canceling statement due to statement timeout"
    assert found[SUMS]["detail"] == "currency=TND, off=1"
    assert found["a ref is used once"]["holds"]


def test_a_check_without_end_is_broken_off_and_says_what_it_has_not_come_to(check_books, alarms, setting, owner):
    for variable in ("GATEWAY_CONNECT_SECONDS", "GATEWAY_TOTAL_SECONDS", "STATEMENT_TIMEOUT_SECONDS"):
        setting(variable, "1")
    setting("TASK_SECONDS", "3")
    forget_connections()
    with owner.transaction():
        owner.execute("LOCK TABLE ledger.account, ledger.txn, booking, payout, payment IN ACCESS EXCLUSIVE MODE")
        check_books()
    forget_connections()
    (alarm,) = alarms()
    assert alarm["metadata"]["detail"].startswith("not checked: ")
    assert len(alarm["metadata"]["invariants"].split("; ")) > len(INVARIANTS) - 5
