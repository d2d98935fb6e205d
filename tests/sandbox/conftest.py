"""One running sandbox for the folder: every test brings payments, orders and recipients of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from sandbox.server import Sandbox
from sandbox.settings import Settings
from tests.sandbox.peers import BusinessClock, Gateway, Merchant


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """Return a client, after which no fault is on order any more."""
    client = Gateway(sandbox)
    with client.http:
        yield client
        client.http.delete(f"{sandbox.url}/faults")


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with Merchant() as peer:
        yield peer


@pytest.fixture
def clock() -> Iterator[BusinessClock]:
    with BusinessClock() as peer:
        yield peer


@pytest.fixture
def timed(clock: BusinessClock) -> Iterator[Gateway]:
    """Return a client of a sandbox of its own, whose business time is `clock`."""
    with Sandbox(Settings(clock_url=clock.url)) as running, (client := Gateway(running)).http:
        yield client


@pytest.fixture
def address() -> str:
    """Return a mail address that no other test uses."""
    return f"{uuid.uuid4().hex}@example.com"
