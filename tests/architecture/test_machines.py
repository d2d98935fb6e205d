"""State machines are whole, and the database knows the same states."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from sqlalchemy import CheckConstraint

from app.infra.db import Base
from app.kernel.states import Machine
from app.tables import load_all_tables
from tests.architecture.diagrams import document
from tests.architecture.house import instances
from tests.architecture.sources import ROOT

MACHINES = sorted(instances(Machine), key=lambda machine: machine.name)
_IN_LIST = re.compile(r"^\s*\(?(\w+) IN \(([^)]*)\)\)?\s*$")

every_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def states_of(machine):
    return set(machine.alphabet()[0])


def steps_of(machine):
    return set(machine.alphabet()[1])


def checked_states():
    """Return, for each column with a CHECK that lists texts, where it is and what it lists."""
    load_all_tables()
    for table in Base.metadata.tables.values():
        for check in table.constraints:
            found = _IN_LIST.match(str(check.sqltext)) if isinstance(check, CheckConstraint) else None
            if found:
                yield f"{table.name}.{found[1]}", set(re.findall(r"'([^']*)'", found[2]))


@every_machine
def test_every_row_is_over_declared_states_and_steps(machine):
    states, steps = machine.alphabet()
    assert {type(state) for state in machine.initial} == {states}
    for (before, step), after in machine.rows.items():
        assert (type(before), type(step), type(after)) == (states, steps, states)
    for before, step in machine.ignored | machine.refused:
        assert (type(before), type(step)) == (states, steps)


@every_machine
def test_every_state_can_be_reached(machine):
    reached = set(machine.initial)
    while more := {after for (before, _), after in machine.rows.items() if before in reached} - reached:
        reached |= more
    assert reached == states_of(machine)


@every_machine
def test_every_step_is_taken_somewhere(machine):
    assert {step for _, step in machine.rows} == steps_of(machine)


@every_machine
def test_a_table_checks_exactly_the_states_of_the_machine(machine):
    assert {str(state) for state in states_of(machine)} in [listed for _, listed in checked_states()]


def test_every_state_column_that_is_checked_belongs_to_a_machine():
    machines = [{str(state) for state in states_of(machine)} for machine in MACHINES]
    for column, listed in checked_states():
        if column.endswith((".state", ".status")):
            assert listed in machines, column


def test_the_names_of_machines_are_unique():
    assert len({machine.name for machine in MACHINES}) == len(MACHINES)


def test_every_machine_is_walked_row_by_row():
    """A table that no test walks could hold rows that nothing ever takes."""
    rooms = [path.parent.name for path in ROOT.glob("tests/*/test_every_row.py")]
    walked = [machine.name for room in rooms for machine in import_module(f"tests.{room}.test_every_row").WALKED]
    assert sorted(walked) == [machine.name for machine in MACHINES]


def test_the_page_of_diagrams_is_drawn_from_the_tables():
    drawn = (ROOT / "docs/state_machines.md").read_text()
    assert drawn == document(), "run: python -m tests.architecture.diagrams > docs/state_machines.md"
