"""A world of money: the API behind a real socket, the sandbox as its gateway, and people who act over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from app.gateways.psp import router
from app.infra import config
from embedded.cluster import Database
from embedded.ports import LOOPBACK, free_port
from sandbox.server import Handler, Sandbox
from sandbox.settings import Settings
from tests.patience import PATIENCE_SECONDS
from tests.payments.world import World
from tests.sandbox.peers import KEY, Gateway

Configure = Callable[..., None]


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """Return one client for all tests: to make one costs more than most of them."""
    with httpx.Client(headers=KEY, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield client


@pytest.fixture
def configure(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Configure]:
    """Return a function that changes settings of this process for this test."""

    def change(**variables: object) -> None:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, str(value))
        config.settings.cache_clear()
        router.gateways.cache_clear()

    yield change
    config.settings.cache_clear()
    router.gateways.cache_clear()


@pytest.fixture
def api(flask_app: Flask, configure: Configure) -> Iterator[str]:
    """Serve the application at PUBLIC_URL, a thread for each request, so that webhooks are real."""
    server = make_server(LOOPBACK, free_port(), flask_app, threaded=True, request_handler=Handler)
    with _serving(server.serve_forever, server.shutdown):
        address = f"http://{LOOPBACK}:{server.server_port}"
        configure(PUBLIC_URL=address)
        yield address
    server.server_close()


@pytest.fixture
def gateway(api: str, configure: Configure, http: httpx.Client) -> Iterator[Gateway]:
    """Return the gateway and the mailbox of this test, whose business time is the API's."""
    with Sandbox(Settings(clock_url=f"{api}/api/v1/sandbox/clock")) as running:
        configure(KONNECT_BASE_URL=running.konnect_url, KONNECT_PAY_HOSTS=LOOPBACK, SMTP_URL=running.smtp_url)
        yield Gateway(running, http)


@pytest.fixture
def world(client: FlaskClient, gateway: Gateway, drain: Callable[..., int]) -> World:
    """Return a world with nobody in it yet."""
    return World(client, gateway, drain)


@contextmanager
def _serving(serve: Callable[[float], None], shutdown: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=serve, args=(0.02,), daemon=True)
    thread.start()
    yield
    shutdown()
    thread.join()
