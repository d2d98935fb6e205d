"""Where the money is: nothing is lost on the way, and only what has moved is said to have."""

from __future__ import annotations

import pytest

from demo.failures import Failed
from demo.purses import Purses, table_of

BOOKED = Purses(taken=10_001, held=10_001)
PAID = Purses(taken=33_337, escrow=33_337)


def test_what_moved_leads_from_one_moment_to_the_next():
    assert PAID.since(BOOKED) == Purses(taken=23_336, held=-10_001, escrow=33_337)
    assert BOOKED.after(taken=23_336, held=-10_001, escrow=33_337) == PAID


@pytest.mark.parametrize("place", ["learner", "held", "escrow", "mentor", "fee", "leaving", "paid_out"])
def test_a_millime_too_many_is_found_wherever_it_is(place):
    PAID.check(PAID)
    more = PAID.after(**{place: 1})
    with pytest.raises(Failed, match=r"taken 33\.337 TND, but all the others together have 33\.338 TND"):
        more.check(more)


def test_money_that_went_elsewhere_is_missed_there_and_found_here():
    with pytest.raises(Failed, match=r"Off by so many TND: Lina can spend \+0\.500, in escrow -0\.500\.$"):
        PAID.after(learner=500, escrow=-500).check(PAID)


def test_a_table_shows_the_places_that_money_has_reached():
    shown = table_of({"moved": PAID.since(BOOKED), "now": PAID}, signed="moved")
    assert shown == {
        "moved": {"Konnect has taken": "+23.336", "held while she pays": "-10.001", "in escrow": "+33.337"},
        "now": {"Konnect has taken": "33.337", "held while she pays": "-", "in escrow": "33.337"},
    }


def test_what_has_not_moved_is_left_empty():
    assert table_of({"moved": Purses(fee=1), "now": Purses(taken=2, fee=1)}, signed="moved")["moved"] == {
        "Konnect has taken": "",
        "our fee": "+0.001",
    }
