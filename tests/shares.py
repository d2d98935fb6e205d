"""Which worker runs what: every worker's share begins with long tests, so that none is left for the end."""

from __future__ import annotations

import os
from itertools import cycle

import pytest

#: Where tests wait for whole worlds, the longest first.
LONG = ("tests/model/", "tests/e2e/test_blows", "tests/e2e/test_kill", "tests/demo/", "tests/observing/")


def in_shares(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests in such an order that equal parts of it, one for each worker, take about as long."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    turn = cycle(shares)
    long = [[item for item in items if item.nodeid.startswith(place)] for place in LONG]
    for item in long[0]:
        next(turn).append(item)
    for module in long[1:]:
        next(turn).extend(module)  # in one place: they share a world
    short = [item for item in items if not item.nodeid.startswith(LONG)]
    size = -(-len(items) // workers)
    for share in shares:
        take = max(size - len(share), 0)
        share.extend(short[:take])
        short = short[take:]
    return [*(item for share in shares for item in share), *short]
