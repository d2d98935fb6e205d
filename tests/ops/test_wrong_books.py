"""Books that are wrong ring: one critical alarm for each invariant that does not hold."""

from __future__ import annotations

import pytest

from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from tests.factories.identity import token_for

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


def about(alarms, invariant):
    return [alarm for alarm in alarms() if alarm["metadata"]["invariant"] == invariant]


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
