"""The arithmetic of payments against oracles that try every possibility."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.psp.base import Capabilities
from app.payments import rules
from tests.factories.payments import snapshot, tnd

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
LINK = timedelta(minutes=15)


def gateway(minimum: int = 1, step: int = 1) -> Capabilities:
    return Capabilities({"TND": minimum}, {"TND": step}, cancel=False, refund=False, look_up_by_order_id=False)


@given(price=st.integers(0, 120), available=st.integers(-5, 150), minimum=st.integers(1, 60), step=st.integers(1, 12))
def test_the_wallet_gives_all_it_can_while_the_gateway_takes_the_rest(
    price: int, available: int, minimum: int, step: int
) -> None:
    def fits(part: int) -> bool:
        rest = price - part
        return rest == 0 or (rest >= minimum and rest % step == 0)

    possible = [part for part in range(min(price, max(available, 0)) + 1) if fits(part)]
    found = rules.wallet_part(tnd(price), tnd(available), gateway(minimum, step))
    assert found == tnd(max(possible, default=0))


@given(amount=st.integers(0, 200), minimum=st.integers(1, 60), step=st.integers(1, 12))
def test_payable_is_what_is_not_too_little_and_a_whole_number_of_steps(amount: int, minimum: int, step: int) -> None:
    fits = [n for n in range(minimum, 201) if n % step == 0]
    assert rules.payable(tnd(amount), gateway(minimum, step)) == (amount in fits)


def test_an_amount_that_no_book_could_hold_is_not_payable() -> None:
    assert rules.payable(tnd(rules.MOST), gateway())
    assert not rules.payable(tnd(rules.MOST + 1), gateway())


@pytest.mark.parametrize(
    ("polls", "after", "due"),
    [
        (0, timedelta(0), timedelta(seconds=5)),
        (1, timedelta(seconds=5), timedelta(seconds=20)),
        (2, timedelta(seconds=20), timedelta(seconds=80)),
        (3, timedelta(seconds=80), timedelta(seconds=380)),
        (9, timedelta(seconds=400), timedelta(seconds=700)),
        (9, timedelta(seconds=700), LINK),  # not later than the expiry
        (9, LINK, LINK + timedelta(seconds=300)),
        (300, LINK + timedelta(days=1) - timedelta(seconds=1), LINK + timedelta(days=1, seconds=299)),
        (300, LINK + timedelta(days=1), None),
    ],
)
def test_when_to_look_again(polls: int, after: timedelta, due: timedelta | None) -> None:
    assert rules.next_poll(NOW + after, polls, NOW + LINK) == (None if due is None else NOW + due)


@given(polls=st.integers(0, 400), seconds=st.integers(0, 2 * 86_400))
def test_the_next_look_lies_ahead_and_never_skips_the_expiry(polls: int, seconds: int) -> None:
    now = NOW + timedelta(seconds=seconds)
    due = rules.next_poll(now, polls, NOW + LINK)
    if due is None:
        assert now >= NOW + LINK + timedelta(days=1)
    else:
        assert now < due <= now + timedelta(seconds=300)
        assert not now < NOW + LINK < due


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({}, []),
        ({"order_id": "other"}, ["order"]),
        ({"order_id": ""}, ["order"]),
        ({"currency": "EUR"}, ["currency"]),
        ({"currency": "tnd"}, ["currency"]),
        ({"amount": 44_999}, ["amount"]),
        ({"amount": 45_001}, ["amount"]),
        ({"receiver": "0" * 24}, ["receiver"]),
        ({"receiver": "None"}, ["receiver"]),
        ({"order_id": "x", "currency": "x", "amount": 0, "receiver": "x"}, ["order", "currency", "amount", "receiver"]),
    ],
)
def test_what_the_gateway_tells_otherwise_than_we_asked(told: dict, wrong: list[str]) -> None:
    ours = snapshot(**({"order_id": "ours"} | told))
    assert rules.mismatches(ours, attempt_id="ours", amount=tnd(45_000), receiver=snapshot().receiver) == wrong
