"""A machine is a table: every pair that is not in it is refused."""

from __future__ import annotations

from enum import StrEnum
from itertools import product

import pytest

from app.kernel.states import IllegalTransition, Machine


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    LOCKED = "locked"


class Push(StrEnum):
    CLOSE = "close"
    UNCLOSE = "unclose"
    LOCK = "lock"
    KNOCK = "knock"


DOOR = Machine(
    name="door",
    initial=frozenset({Door.OPEN}),
    rows={
        (Door.OPEN, Push.CLOSE): Door.SHUT,
        (Door.SHUT, Push.UNCLOSE): Door.OPEN,
        (Door.SHUT, Push.LOCK): Door.LOCKED,
    },
    ignored=frozenset({(Door.LOCKED, Push.KNOCK)}),
)


@pytest.mark.parametrize(("pair", "after"), DOOR.rows.items())
def test_a_row_says_what_becomes_of_a_state(pair, after):
    assert DOOR.transition(*pair) is after
    assert DOOR.allows(*pair)


def test_an_ignored_pair_changes_nothing():
    assert DOOR.transition(Door.LOCKED, Push.KNOCK) is Door.LOCKED
    assert not DOOR.allows(Door.LOCKED, Push.KNOCK)


@pytest.mark.parametrize(
    "pair", [pair for pair in product(Door, Push) if pair not in DOOR.rows | dict.fromkeys(DOOR.ignored)]
)
def test_every_other_pair_is_refused_by_name(pair):
    state, step = pair
    with pytest.raises(IllegalTransition) as refusal:
        DOOR.transition(state, step)
    assert refusal.value.detail == f"A door that is {state} cannot take '{step}'."
    assert (refusal.value.status, refusal.value.code) == (409, "illegal_transition")


def test_the_diagram_is_the_table():
    assert list(DOOR.diagram()) == [
        "stateDiagram-v2",
        "    [*] --> open",
        "    open --> shut: close",
        "    shut --> open: unclose",
        "    shut --> locked: lock",
    ]
