"""How the API is served, as gunicorn.conf.py reads it from the environment."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from tests.embedded.plain_project import ROOT


def configuration() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "gunicorn.conf.py"))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("AMANA_ENV", "WEB_HOST", "PORT", "WEB_WORKERS", "WEB_THREADS"):
        monkeypatch.delenv(name, raising=False)


def test_it_listens_on_loopback_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch):
    assert configuration()["bind"] == "127.0.0.1:8000"
    monkeypatch.setenv("WEB_HOST", "0.0.0.0")
    monkeypatch.setenv("PORT", "8080")
    assert configuration()["bind"] == "0.0.0.0:8080"


@pytest.mark.parametrize("environment", ["demo", "test"])
def test_demo_and_test_refuse_to_listen_anywhere_else(monkeypatch: pytest.MonkeyPatch, environment: str):
    monkeypatch.setenv("AMANA_ENV", environment)
    monkeypatch.setenv("WEB_HOST", "0.0.0.0")
    with pytest.raises(
        SystemExit, match=r"WEB_HOST is '0\.0\.0\.0', but AMANA_ENV=demo and test listen on 127\.0\.0\.1 only"
    ):
        configuration()


@pytest.mark.parametrize("name", ["PORT", "WEB_WORKERS", "WEB_THREADS"])
@pytest.mark.parametrize("text", ["many", "0", "-2", "1.5", ""])
def test_a_number_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str):
    monkeypatch.setenv(name, text)
    with pytest.raises(SystemExit, match=f"{name} must be a whole number above 0, but it is '{text}'"):
        configuration()


def test_two_worlds_of_one_user_do_not_quarrel_over_the_control_socket():
    assert configuration()["control_socket_disable"] is True


def test_a_request_is_logged_by_the_app_alone() -> None:
    assert not configuration()["logger_class"].access_log_enabled
