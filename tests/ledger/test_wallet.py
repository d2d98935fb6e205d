"""GET /wallet and /wallet/transactions: what a user can spend, and every movement of it (API §1, §5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from app.infra.db import session_scope
from app.kernel.money import Money
from app.ledger import accounts, service
from embedded.cluster import Database
from tests.factories.identity import MadeUser, make_user, token_for

PSP = accounts.psp("konnect")
WALLET, TRANSACTIONS = "/api/v1/wallet", "/api/v1/wallet/transactions"


@pytest.fixture
def user(database: Database) -> MadeUser:
    with session_scope() as session:
        return make_user(session)


def post(ref: str, kind: service.Kind, lines: Mapping[str, int], currency: str = "TND") -> None:
    with session_scope() as session:
        service.post(session, ref, kind, {code: Money(part, currency) for code, part in lines.items()})


def deposit(user: MadeUser, minor: int, payment: UUID | None = None, currency: str = "TND") -> None:
    lines = {PSP: -minor, accounts.deposit(user.id): minor}
    post(f"capture:{payment or uuid4()}", "capture", lines, currency)


def earn(user: MadeUser, minor: int) -> None:
    booking = uuid4()
    post(f"capture:{uuid4()}", "capture", {PSP: -minor, accounts.escrow(booking): minor})
    post(f"release:{booking}", "release", {accounts.escrow(booking): -minor, accounts.earnings(user.id): minor})


def get(client: FlaskClient, user: MadeUser, path: str = TRANSACTIONS, **query: object) -> Any:
    found = client.get(path, query_string=query, headers=token_for(user))
    assert found.status_code == 200, found.text
    return found.json


def amounts(items: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(item["kind"], item["amount"]["amount"], item["balance_after"]["amount"]) for item in items]


# --- balances --------------------------------------------------------------------------------------------------------


def test_a_new_wallet_is_empty_in_dinars(client: FlaskClient, user: MadeUser) -> None:
    nothing = {"amount": 0, "currency": "TND", "formatted": "0.000 TND"}
    assert get(client, user, WALLET) == {"balances": [{"available": nothing, "held": nothing, "withdrawable": nothing}]}
    assert get(client, user) == {"items": [], "next_cursor": None}


def test_only_earnings_can_be_withdrawn_and_what_is_held_cannot_be_spent(client: FlaskClient, user: MadeUser) -> None:
    deposit(user, 30_000)
    earn(user, 50_000)
    with session_scope() as session:
        service.hold_from_wallet(session, user.id, Money(45_000, "TND"), ref="h", purpose="order:o")
    (balance,) = get(client, user, WALLET)["balances"]
    assert {name: money["amount"] for name, money in balance.items()} == {
        "available": 35_000,
        "held": 45_000,
        "withdrawable": 35_000,  # the deposit is spent first
    }


def test_other_currencies_are_shown_where_there_is_something(client: FlaskClient, user: MadeUser) -> None:
    deposit(user, 1_234, currency="EUR")
    shown = [balance["available"]["formatted"] for balance in get(client, user, WALLET)["balances"]]
    assert shown == ["12.34 EUR", "0.000 TND"]


# --- movements -------------------------------------------------------------------------------------------------------


def test_every_kind_of_movement_with_its_sign_its_reference_and_the_balance_after_it(
    client: FlaskClient, user: MadeUser
) -> None:
    payment, booking, held, payout = (uuid4() for _ in range(4))
    mine, earned, escrow = accounts.deposit(user.id), accounts.earnings(user.id), accounts.escrow
    pending = accounts.payout_pending(payout)
    deposit(user, 45_001, payment)
    post(f"capture:{payment}:7", "capture", {PSP: -7, mine: 7})
    post(f"fund:{booking}", "fund", {mine: -45_000, escrow(booking): 45_000})
    post(f"return:{booking}", "return", {escrow(booking): -45_000, mine: 45_000})
    post(f"capture:{uuid4()}", "capture", {PSP: -100, escrow(held): 100})
    post(f"release:{held}", "release", {escrow(held): -100, earned: 85, accounts.FEE_REVENUE: 15})
    post(f"payout:{payout}", "payout", {earned: -80, pending: 80})
    post(f"payout-back:{payout}", "payout_back", {pending: -80, earned: 80})

    items = get(client, user)["items"]
    assert [(*moved, item["reference"]) for moved, item in zip(amounts(items), items, strict=True)] == [
        ("payout_back", 80, 45_093, {"kind": "payout", "id": str(payout)}),
        ("payout", -80, 45_013, {"kind": "payout", "id": str(payout)}),
        ("earning", 85, 45_093, {"kind": "booking", "id": str(held)}),
        ("return", 45_000, 45_008, {"kind": "booking", "id": str(booking)}),
        ("fund", -45_000, 8, {"kind": "booking", "id": str(booking)}),
        ("capture", 7, 45_008, {"kind": "payment", "id": str(payment)}),
        ("capture", 45_001, 45_001, {"kind": "payment", "id": str(payment)}),
    ]
    assert all(item["created_at"].endswith("Z") for item in items)
    assert all(set(item) == {"id", "kind", "amount", "balance_after", "reference", "created_at"} for item in items)


def test_a_booking_paid_from_deposit_and_earnings_is_one_movement(client: FlaskClient, user: MadeUser) -> None:
    deposit(user, 30)
    earn(user, 50)
    with session_scope() as session:
        service.hold_from_wallet(session, user.id, Money(45, "TND"), ref="h", purpose="order:o")
        to = accounts.escrow(uuid4())
        service.capture_holds(session, "order:o", to, Money(45, "TND"), ref=f"fund:{uuid4()}", kind="fund")
    assert amounts(get(client, user)["items"])[0] == ("fund", -45, 35)


def test_a_hold_moves_nothing(client: FlaskClient, user: MadeUser) -> None:
    deposit(user, 30)
    with session_scope() as session:
        service.hold_from_wallet(session, user.id, Money(30, "TND"), ref="h", purpose="order:o")
        service.void_holds(session, "order:o")
    assert amounts(get(client, user)["items"]) == [("capture", 30, 30)]


def test_each_currency_has_a_running_balance_of_its_own(client: FlaskClient, user: MadeUser) -> None:
    deposit(user, 5)
    deposit(user, 700, currency="EUR")
    deposit(user, 6)
    assert amounts(get(client, user)["items"]) == [("capture", 6, 11), ("capture", 700, 700), ("capture", 5, 5)]


def test_somebody_elses_money_is_never_shown(client: FlaskClient, user: MadeUser) -> None:
    with session_scope() as session:
        other = make_user(session)
    deposit(other, 5)
    assert get(client, user)["items"] == []
    assert get(client, user, WALLET)["balances"][0]["available"]["amount"] == 0
    for path in (WALLET, TRANSACTIONS):
        assert client.get(path).status_code == 401
        assert client.post(path, headers=token_for(user)).status_code == 405


# --- pages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_any_size_walk_all_of_it(client: FlaskClient, user: MadeUser, limit: int) -> None:
    for minor in range(1, 8):
        deposit(user, minor)
    whole = get(client, user)["items"]
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = get(client, user, limit=limit, **cursor)
        assert 1 <= len(page["items"]) <= limit
        seen += page["items"]
        deposit(user, 1)  # what comes while one reads does not move the pages that follow
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == whole
    assert len(whole) == 7


def test_a_cursor_belongs_to_its_list_and_its_user(client: FlaskClient, user: MadeUser) -> None:
    with session_scope() as session:
        other = make_user(session)
    for person in (user, other):
        for _ in range(2):
            deposit(person, 5)
    mine, theirs = (get(client, person, limit=1)["next_cursor"] for person in (user, other))
    assert get(client, user, cursor=mine)["items"]
    changed = mine[:-2] + ("AA" if mine[-2:] != "AA" else "BB")
    for cursor in (theirs, changed, mine[1:], "", "x", "=", "é", "\0", "A" * 5_000, "W10", "bnVsbA"):
        refused = client.get(TRANSACTIONS, query_string={"cursor": cursor}, headers=token_for(user))
        assert refused.status_code == 422, (cursor, refused.text)
        assert refused.json["errors"][0]["pointer"] == "/cursor"
    elsewhere = client.get("/api/v1/bookings", query_string={"cursor": mine}, headers=token_for(user))
    assert elsewhere.status_code == 422


@pytest.mark.parametrize("limit", ["0", "101", "-1", "abc", "1.5", "", "9" * 30, "1e1"])
def test_a_page_has_one_to_a_hundred_lines(client: FlaskClient, user: MadeUser, limit: str) -> None:
    refused = client.get(TRANSACTIONS, query_string={"limit": limit}, headers=token_for(user))
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/limit")
