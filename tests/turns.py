"""Which worker of pytest-xdist runs what, and when: what shares a world stays together, long tests come one by one."""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: All tests of these folders run in one world, which takes long to start.
WORLDS = ("tests/demo/", "tests/observing/")
#: Each of these takes as long as hundreds of others: two at once are one too many for a small machine. Longest first.
LONG = ("tests/e2e/", "tests/model/", *WORLDS)
#: The last long one has its turn when this part of all others had theirs: nobody is to wait for it at the end.
LAST_LONG = 0.7


def unit_of(nodeid: str) -> str:
    """Return what a test runs together with: its folder, itself, or, as most do, its file."""
    file = nodeid.partition("::")[0]
    for folder in WORLDS:
        if file.startswith(folder):
            return folder
    return nodeid if file.startswith(LONG) else file


def in_turns(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests in the order in which workers take them, the long ones at even distances."""
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(unit_of(item.nodeid), []).append(item)
    long = [unit for place in LONG for unit in units if unit.startswith(place)]
    order = [unit for unit in units if unit not in long]
    distance = LAST_LONG * len(order) / max(len(long), 1)
    for turn, unit in enumerate(long):
        order.insert(turn + round(turn * distance), unit)
    return [item for unit in order for item in units[unit]]


class Turns(LoadScopeScheduling):
    """Gives whoever is free the next unit, in the order of the tests."""

    def __init__(self, config: pytest.Config, log: Producer | None) -> None:
        """Keep the order: xdist would begin with the files of the most tests."""
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)
