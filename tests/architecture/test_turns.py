"""How the tests are dealt out to workers: nothing is lost, what shares a world stays together, long ones are apart."""

from __future__ import annotations

from itertools import groupby, pairwise
from types import SimpleNamespace
from typing import Any

from tests.turns import LONG, in_turns, unit_of

FOLDERS = ("tests/api/", "tests/demo/", "tests/e2e/", "tests/kernel/", "tests/model/", "tests/observing/")
NODEIDS = [f"{folder}test_{file}.py::test_{test}[a::b]" for folder in FOLDERS for file in range(9) for test in range(3)]


def dealt(nodeids: list[str]) -> list[str]:
    items: Any = [SimpleNamespace(nodeid=nodeid) for nodeid in nodeids]
    return [item.nodeid for item in in_turns(items)]


def test_every_test_is_dealt_once():
    assert sorted(dealt(NODEIDS)) == sorted(NODEIDS)
    assert dealt(NODEIDS[:1]) == NODEIDS[:1]
    assert dealt([]) == []


def test_what_shares_a_file_or_a_world_comes_in_one_piece():
    pieces = [unit for unit, _ in groupby(dealt(NODEIDS), unit_of)]
    assert len(pieces) == len(set(pieces))
    assert {"tests/demo/", "tests/observing/", "tests/kernel/test_0.py", "tests/e2e/test_0.py::test_0[a::b]"} <= {
        *pieces
    }


def test_long_tests_come_first_one_by_one_and_never_last():
    order = dealt([nodeid for nodeid in NODEIDS if "test_0.py::test_0" in nodeid or not nodeid.startswith(LONG)])
    turns = [turn for turn, nodeid in enumerate(order) if nodeid.startswith(LONG)]
    assert turns[0] == 0
    assert all(later - earlier > 1 for earlier, later in pairwise(turns))
    assert turns[-1] < len(order) - 10
