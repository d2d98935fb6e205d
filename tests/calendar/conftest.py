"""Mentors with Google calendars: the application, the sandbox as their Google, and people who act over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from flask.testing import FlaskClient

from app.gateways.psp import router
from app.infra import config
from embedded.cluster import Database
from sandbox.server import Sandbox
from sandbox.settings import Settings
from tests.calendar.town import Town
from tests.patience import PATIENCE_SECONDS

Configure = Callable[..., None]


@pytest.fixture
def configure(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Return a function that changes settings of this process for this test."""

    def change(**variables: object) -> None:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, str(value))
        forget_settings()

    yield change
    monkeypatch.undo()
    forget_settings()


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    """Run one Google and one mailbox for the folder."""
    with Sandbox(Settings()) as running:
        yield running


@pytest.fixture(scope="package")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


@pytest.fixture
def town(
    client: FlaskClient, drain: Callable[..., int], sandbox: Sandbox, http: httpx.Client, configure: Configure
) -> Iterator[Town]:
    """Return a town with nobody in it yet, whose Google has no faults on order."""
    configure(
        GOOGLE_AUTH_URL=f"{sandbox.url}/google/o/oauth2/v2/auth",
        GOOGLE_TOKEN_URL=f"{sandbox.url}/google/token",
        GOOGLE_REVOKE_URL=f"{sandbox.url}/google/revoke",
        GOOGLE_USERINFO_URL=f"{sandbox.url}/google/v1/userinfo",
        GOOGLE_CALENDAR_URL=f"{sandbox.url}/google/calendar/v3",
        SMTP_URL=sandbox.smtp_url,
    )
    yield Town(client, sandbox, http, drain)
    http.delete(f"{sandbox.url}/faults")


def forget_settings() -> None:
    config.settings.cache_clear()
    router.gateways.cache_clear()
