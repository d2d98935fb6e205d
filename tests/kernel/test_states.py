"""A machine is a table in which every pair of a state and an event stands once: a row, ignored, or refused."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import pytest

from app.kernel.states import IllegalTransition, Machine, pairs


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
    ignored=pairs(Door, [Push.KNOCK]),
    refused=(
        pairs([Door.OPEN], (Push.UNCLOSE, Push.LOCK))
        | pairs([Door.SHUT], [Push.CLOSE])
        | pairs([Door.LOCKED], (Push.CLOSE, Push.UNCLOSE, Push.LOCK))
    ),
)


@pytest.mark.parametrize(("pair", "after"), DOOR.rows.items())
def test_a_row_says_what_becomes_of_a_state(pair, after):
    assert DOOR.transition(*pair) is after


@pytest.mark.parametrize("state", Door)
def test_an_ignored_pair_changes_nothing(state):
    assert DOOR.transition(state, Push.KNOCK) is state


@pytest.mark.parametrize(("state", "step"), sorted(DOOR.refused))
def test_a_refused_pair_is_refused_by_name(state, step):
    with pytest.raises(IllegalTransition) as refusal:
        DOOR.transition(state, step)
    assert refusal.value.detail == f"A door that is {state} cannot take '{step}'."
    assert (refusal.value.status, refusal.value.code) == (409, "illegal_transition")


@pytest.mark.parametrize("pair", sorted(pairs(Door, Push)), ids="-".join)
def test_a_pair_that_is_forgotten_makes_no_machine(pair):
    rows = {known: after for known, after in DOOR.rows.items() if known != pair}
    with pytest.raises(ValueError, match=rf"^door: .*: \({pair[0]}, {pair[1]}\)$"):
        replace(DOOR, rows=rows, ignored=DOOR.ignored - {pair}, refused=DOOR.refused - {pair})


@pytest.mark.parametrize("also", ["ignored", "refused"])
def test_a_pair_that_is_said_twice_makes_no_machine(also):
    for pair in {*DOOR.rows, *DOOR.ignored, *DOOR.refused} - getattr(DOOR, also):
        with pytest.raises(ValueError, match=rf"\({pair[0]}, {pair[1]}\)$"):
            replace(DOOR, **{also: getattr(DOOR, also) | {pair}})


def test_the_diagram_is_the_table():
    assert list(DOOR.diagram()) == [
        "stateDiagram-v2",
        "    [*] --> open",
        "    open --> shut: close",
        "    shut --> open: unclose",
        "    shut --> locked: lock",
    ]
