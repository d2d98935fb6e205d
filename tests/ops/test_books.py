"""GET /admin/books: the trial balance, the invariants, and what lies where it must not stay."""

from __future__ import annotations

from http import HTTPStatus

import psycopg

from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.ops.invariants import INVARIANTS
from tests.factories.identity import make_user, token_for

URL = "/api/v1/admin/books"


def books(client, user):
    return client.get(URL, headers=token_for(user)).json


def post(ref, kind, lines):
    with session_scope() as session:
        ledger.post(session, ref, kind, {code: Money(minor, "TND") for code, minor in lines.items()})


def tnd(minor, formatted):
    return {"amount": minor, "currency": "TND", "formatted": f"{formatted} TND"}


def test_empty_books_hold_all_that_must_hold(client, admin):
    found = books(client, admin)
    assert (found["trial_balance"], found["clearing"]) == ([], [])
    assert [invariant["name"] for invariant in found["invariants"]] == list(INVARIANTS)
    assert all(invariant["holds"] and invariant["detail"] == "" for invariant in found["invariants"])


def test_the_trial_balance_sums_each_kind_of_account_and_all_of_it_to_zero(client, admin, canary, support):
    post("capture:1", "capture", {accounts.psp("konnect"): -7_500, accounts.deposit(canary.id): 7_500})
    post("capture:2", "capture", {accounts.psp("konnect"): -500, accounts.deposit(support.id): 500})
    assert books(client, admin)["trial_balance"] == [
        {"account": "deposit", "balance": tnd(8_000, "8.000")},
        {"account": "psp", "balance": tnd(-8_000, "-8.000")},
    ]


def test_money_that_must_not_stay_is_shown_with_its_account_and_since_when(client, admin):
    post("suspense:1", "suspense", {accounts.psp("konnect"): -44_000, accounts.suspense("konnect"): 44_000})
    (line,) = books(client, admin)["clearing"]
    assert line.pop("since").endswith("Z")
    assert line == {"account": "suspense:konnect", "balance": tnd(44_000, "44.000")}


def test_an_invariant_that_does_not_hold_shows_the_rows_that_break_it(client, admin, canary, owner):
    post("capture:1", "capture", {accounts.psp("konnect"): -5, accounts.deposit(canary.id): 5})
    owner.execute("UPDATE ledger.account SET posted = 6 WHERE kind = 'deposit'")
    found = {invariant["name"]: invariant for invariant in books(client, admin)["invariants"]}
    assert found["everything sums to zero in each currency"]["detail"] == "currency=TND, off=1"
    wrong = found["a balance is the sum of its entries"]
    assert (wrong["holds"], wrong["detail"]) == (False, f"code=deposit:{canary.id}, posted=6, entries=5")
    assert found["entries sum to zero in each transaction and currency"]["holds"]


def test_half_a_reversal_is_none(client, admin, canary, services, database):
    lines = {accounts.psp("konnect"): -5, accounts.deposit(canary.id): 5}
    others = {accounts.suspense("konnect"): -3, accounts.FEE_REVENUE: 3}
    with session_scope() as session:
        both = {code: Money(minor, "TND") for code, minor in (lines | others).items()}
        posted = ledger.post(session, "capture:1", "capture", both)
        ledger.reverse(session, "reversal:1", posted)

    def holds():
        found = {invariant["name"]: invariant["holds"] for invariant in books(client, admin)["invariants"]}
        return found["a transaction is reversed at most once, and exactly"]

    assert holds()
    with psycopg.connect(services.cluster.superuser_url(database.name), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")  # past the walls
        superuser.execute(
            "DELETE FROM ledger.entry WHERE abs(amount) = 3 AND txn_id = (SELECT max(id) FROM ledger.txn)"
        )
    assert not holds()


def test_the_books_are_for_finance_and_admins(client, admin, support):
    with session_scope() as session:
        finance, learner = make_user(session, roles=["finance"]), make_user(session)
    for user, status in ((admin, 200), (finance, 200), (support, 403), (learner, 403)):
        assert client.get(URL, headers=token_for(user)).status_code == status
    assert client.get(URL).status_code == HTTPStatus.UNAUTHORIZED
