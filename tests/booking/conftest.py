"""One API on a database of its own for each test, with the gateway and the mailbox of the folder beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import pytest
from flask import Flask

from app.gateways.psp import router
from app.infra import config
from embedded.cluster import Database
from embedded.ports import LOOPBACK
from sandbox.server import Sandbox
from tests.booking.world import World
from tests.conftest import forget_connections

Configure = Callable[..., None]

#: What connections are made of.
OF_CONNECTIONS = {"DATABASE_URL", "DATABASE_POOL_SIZE", "STATEMENT_TIMEOUT_SECONDS"}


@pytest.fixture(scope="session")
def outside() -> Iterator[Sandbox]:
    """Run the outside world once: every test brings payments and recipients of its own."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def configure(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Return a function that changes settings of this process for this test."""

    changed: set[str] = set()

    def change(**variables: object) -> None:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, str(value))
        changed.update(variables)
        forget_settings(changed)

    yield change
    forget_settings(changed)


@pytest.fixture
def world(flask_app: Flask, outside: Sandbox, configure: Configure, drain: Callable[..., int]) -> Iterator[World]:
    """Return a world with nobody in it yet, whose books are checked when the test is over."""
    configure(KONNECT_BASE_URL=outside.konnect_url, KONNECT_PAY_HOSTS=LOOPBACK, SMTP_URL=outside.smtp_url)
    opened = World(flask_app, outside, drain)
    yield opened
    opened.check_books()


def forget_settings(changed: Collection[str] = ()) -> None:
    """Read the settings anew, and connect anew if that is done in another way."""
    config.settings.cache_clear()
    router.gateways.cache_clear()
    if OF_CONNECTIONS & set(changed):
        forget_connections()
