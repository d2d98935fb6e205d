"""One running sandbox for the folder: every test brings payments, orders and recipients of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest

from sandbox.server import Sandbox
from sandbox.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.sandbox.google_peers import Google
from tests.sandbox.peers import KEY, BusinessClock, Gateway, Merchant


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """Return one client for all tests: to make one costs more than most tests here."""
    with httpx.Client(headers=KEY, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the sandbox wait for slow answers: what it does about missing ones is asked for by name."""
    monkeypatch.setattr("sandbox.clock.ASK_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr("sandbox.konnect.webhooks.CALL_SECONDS", 2 * PATIENCE_SECONDS)


@pytest.fixture
def gateway(sandbox: Sandbox, http: httpx.Client) -> Iterator[Gateway]:
    """Return a client, after which no fault is on order any more."""
    yield Gateway(sandbox, http)
    http.delete(f"{sandbox.url}/faults")


@pytest.fixture
def google(sandbox: Sandbox, http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Google]:
    """Return an app that uses Google over plain HTTP, after which no fault is on order any more."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    yield Google(sandbox, http)
    http.delete(f"{sandbox.url}/faults")


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with Merchant() as peer:
        yield peer


@pytest.fixture
def clock() -> Iterator[BusinessClock]:
    with BusinessClock() as peer:
        yield peer


@pytest.fixture
def timed(clock: BusinessClock, http: httpx.Client) -> Iterator[Gateway]:
    """Return a client of a sandbox of its own, whose business time is `clock`."""
    with Sandbox(Settings(clock_url=clock.url)) as running:
        yield Gateway(running, http)


@pytest.fixture
def address() -> str:
    """Return a mail address that no other test uses."""
    return f"{uuid.uuid4().hex}@example.com"
