"""What the tests of the plumbing share."""

from __future__ import annotations

import os
import threading

import pytest

from app.infra import config
from tests.architecture.house import SETTINGS


@pytest.fixture
def chosen_settings(monkeypatch):
    """Let settings be chosen without a database."""
    for variable, value in SETTINGS.items():
        if variable not in os.environ:
            monkeypatch.setenv(variable, value)
    config.settings.cache_clear()
    yield
    monkeypatch.undo()
    config.settings.cache_clear()


@pytest.fixture
def one_second(chosen_settings, monkeypatch):
    """Give every call one second to connect and one second in all: for who never answers."""
    monkeypatch.setenv("GATEWAY_CONNECT_SECONDS", "1")
    monkeypatch.setenv("GATEWAY_TOTAL_SECONDS", "1")
    config.settings.cache_clear()


@pytest.fixture
def stop():
    """Return what ends a drip, whatever became of the test."""
    event = threading.Event()
    yield event
    event.set()
