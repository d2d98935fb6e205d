"""What the tests of identity share: people at the door, a mailbox, and a server behind a real socket."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from app.infra.db import session_scope
from embedded.cluster import Database
from embedded.ports import LOOPBACK, free_port
from tests.factories.identity import MadeUser, make_user
from tests.mailbox import Mailbox, open_mailbox

Post = Callable[..., TestResponse]

#: Every table that identity and its events write, children first.
_numbers = itertools.count(1)


@pytest.fixture
def mailbox(database: Database) -> Iterator[Mailbox]:
    """Return the server that gets all mail of this test."""
    with open_mailbox() as opened:
        yield opened


@pytest.fixture
def post(client: FlaskClient) -> Post:
    """Return a function that posts fields to a path below /api/v1/auth."""
    return lambda path, **fields: client.post(f"/api/v1/auth/{path}", json=fields)


@pytest.fixture
def amina(database: Database) -> MadeUser:
    """Return somebody who is registered and verified."""
    with session_scope() as session:
        return make_user(session)


@pytest.fixture
def other(database: Database) -> MadeUser:
    """Return somebody else, registered and verified too."""
    with session_scope() as session:
        return make_user(session)


@pytest.fixture
def newcomer() -> dict[str, str]:
    """Return a registration of somebody whom nobody knows yet."""
    return {
        "email": f"newcomer{next(_numbers)}@amana.test",
        "password": "a long enough password",
        "name": "Yassine Trabelsi",
        "timezone": "Africa/Tunis",
    }


@pytest.fixture
def address(flask_app: Flask, database: Database) -> Iterator[tuple[str, int]]:
    """Serve the application on a real socket, a thread for each request, and return host and port."""
    server = make_server(LOOPBACK, free_port(), flask_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield LOOPBACK, server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
