"""Money: whole minor units of one currency, and not a millime lost."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import BASIS_POINTS, EXPONENTS, CurrencyMismatch, Money, UnsupportedCurrency

currencies = st.sampled_from(sorted(EXPONENTS))
minors = st.integers(-(2**63), 2**63 - 1)
amounts = st.integers(0, 2**63 - 1)
rates = st.integers(0, BASIS_POINTS)


@st.composite
def monies(draw, count=1, minor=minors):
    currency = draw(currencies)
    return tuple(Money(draw(minor), currency) for _ in range(count))


@given(monies(3))
def test_adding_is_adding_of_minor_units(three):
    a, b, c = three
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert (a + b) - b == a
    assert a + -a == Money.zero(a.currency)
    assert (a + b).minor == a.minor + b.minor


@given(monies(2))
def test_order_is_the_order_of_minor_units(two):
    a, b = two
    assert (a < b, a <= b, a > b, a >= b) == (
        a.minor < b.minor, a.minor <= b.minor, a.minor > b.minor, a.minor >= b.minor,
    )  # fmt: skip


@given(monies(1))
def test_only_nothing_is_false(one):
    assert bool(one[0]) == (one[0].minor != 0)


@given(monies(1, amounts), rates)
def test_a_share_is_rounded_half_up_as_fractions_say(one, rate):
    (paid,) = one
    exact = Fraction(paid.minor) * rate / BASIS_POINTS
    assert paid.share(rate).minor == floor(exact + Fraction(1, 2))


@given(monies(1, amounts), rates)
def test_share_and_rest_are_the_whole(one, rate):
    (paid,) = one
    fee = paid.share(rate)
    assert Money.zero(paid.currency) <= fee <= paid
    assert fee + (paid - fee) == paid


@pytest.mark.parametrize(
    ("minor", "basis_points", "fee"),
    [
        (45_000, 1_500, 6_750),
        (0, 1_500, 0),
        (1, 1_500, 0),  # 0.15
        (3, 1_500, 0),  # 0.45
        (10, 500, 1),  # 0.5 goes up
        (30, 500, 2),  # 1.5 goes up, where banker's rounding would too
        (50, 500, 3),  # 2.5 goes up, where banker's rounding would not
        (33_333, 1_500, 5_000),  # 4999.95
        (99, 10_000, 99),
        (99, 0, 0),
        (2**63 - 1, 1_500, 1_383_505_805_528_216_371),
    ],
)
def test_shares_by_hand(minor, basis_points, fee):
    assert Money(minor, "TND").share(basis_points) == Money(fee, "TND")


@pytest.mark.parametrize(("minor", "rate"), [(-1, 1_500), (1, -1)])
def test_a_debt_has_no_share(minor, rate):
    with pytest.raises(ValueError, match="non-negative"):
        Money(minor, "TND").share(rate)


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (45_000, "TND", "45.000 TND"),
        (45_001, "TND", "45.001 TND"),
        (1, "TND", "0.001 TND"),
        (0, "TND", "0.000 TND"),
        (-1, "TND", "-0.001 TND"),
        (-45_000, "TND", "-45.000 TND"),
        (5, "EUR", "0.05 EUR"),
        (1_234_567, "USD", "12345.67 USD"),
        (500, "JPY", "500 JPY"),
        (-7, "JPY", "-7 JPY"),
        (0, "JPY", "0 JPY"),
    ],
)
def test_people_read(minor, currency, shown):
    assert str(Money(minor, currency)) == shown


@given(monies(1))
def test_what_is_shown_says_exactly_what_is_there(one):
    number, currency = str(one[0]).split(" ")
    assert (Fraction(number) * 10 ** EXPONENTS[currency], currency) == (one[0].minor, one[0].currency)


@pytest.mark.parametrize("minor", [1.0, "1", True, None, Fraction(1)])
def test_only_whole_numbers_are_money(minor):
    with pytest.raises(TypeError, match="whole minor units"):
        Money(minor, "TND")


@pytest.mark.parametrize("currency", ["", "tnd", "XAU", "DT"])
def test_only_known_currencies_are_money(currency):
    with pytest.raises(UnsupportedCurrency):
        Money(1, currency)


@pytest.mark.parametrize("reckon", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b])
def test_two_currencies_are_never_reckoned_together(reckon):
    with pytest.raises(CurrencyMismatch):
        reckon(Money(1, "TND"), Money(1, "EUR"))


def test_two_currencies_are_never_equal():
    assert Money(0, "TND") != Money(0, "EUR")
