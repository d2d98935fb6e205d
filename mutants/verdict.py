"""A plugin of pytest that is loaded where a lie is planted: only a test that fails has found it out.

Pytest ends with the same code when a test fails and when what it needs could not be made ready, as by SQL that no
longer parses; and its `-x` stops at whichever comes first.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

#: The exit code when nothing but errors before and after tests was seen: none of pytest's own.
ONLY_ERRORS = 10


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stop at the first test that fails."""
    report = yield
    if report.when == "call" and report.failed:
        item.session.shouldfail = "found out"
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Say it when tests did not pass, and none failed."""
    if exitstatus == pytest.ExitCode.TESTS_FAILED and not session.shouldfail:
        session.exitstatus = ONLY_ERRORS
