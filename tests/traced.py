"""A plugin of pytest that traces this process; `make coverage` has it loaded into each process of the run.

It is loaded by `PYTEST_PLUGINS`, so that it stands before the first conftest: what a module does when it is imported
counts too. The processes that tests start (workers, relays, worlds) are left alone: many of them are killed at once.
"""

from __future__ import annotations

import coverage
import pytest

TRACE = coverage.Coverage(data_suffix=True)  # one file for each process; `coverage combine` brings them together
TRACE.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Write down what was seen."""
    TRACE.stop()
    TRACE.save()
