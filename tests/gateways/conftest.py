"""Settings for gateways alone: they know no database."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from app.gateways.psp import router
from app.infra import config
from tests.environment import ENVIRONMENT


@pytest.fixture(autouse=True)
def settings_without_database(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process settings whose database is never asked."""
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("DATABASE_URL", os.environ.get("DATABASE_URL", "postgresql://app@127.0.0.1:1/none"))
    monkeypatch.setenv("BROKER_URL", os.environ.get("BROKER_URL", "redis://127.0.0.1:1/0"))
    forget_settings()
    yield
    forget_settings()


def forget_settings() -> None:
    config.settings.cache_clear()
    router.gateways.cache_clear()
