"""Every call to the outside goes through here: no open transaction, a total deadline, a size cap, no redirects."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from app.infra.config import settings
from app.infra.db import session_is_open
from app.kernel.errors import PermanentFailure, TransientFailure, UnknownOutcome

MAX_BYTES = 1024 * 1024


class TransactionOpen(RuntimeError):
    """A call to the outside was tried inside a transaction: its row locks would last as the other side likes."""


@dataclass(frozen=True)
class Call:
    """What is asked of the other side."""

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def target(self) -> str:
        """Return the path with its query, as the request line has it."""
        path = self.url.path or "/"
        return f"{path}?{self.url.query}" if self.url.query else path


@dataclass(frozen=True)
class Reply:
    """What the other side answered; the body is bounded."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body; raise PermanentFailure when it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise PermanentFailure(f"the other side answered {self.status} with something that is no JSON") from None


class Deadline:
    """Shuts the socket when time is up: a peer that drips a byte a second defeats every per-read timeout."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        """Watch this connection for so many seconds."""
        self._connection = connection
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self.passed = False

    def __enter__(self) -> Self:
        """Start the clock."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _shut(self) -> None:
        self.passed = True
        if self._connection.sock is not None:
            try:
                self._connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:  # it was closed a moment ago: that is what we wanted
                return


def send(method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
    """Make one call and return the answer, whatever its status.

    Raises TransientFailure when the request surely did not arrive (no connection), UnknownOutcome when it may have
    (timeout, reset, oversize answer), TransactionOpen when a database session is open in this thread.
    """
    call = Call(method, urlsplit(url), headers, body)
    if session_is_open():
        raise TransactionOpen(f"{method} {call.url.hostname} inside a transaction")
    connection = _connect(call.url)
    try:
        with Deadline(connection, settings().gateway_total_seconds) as deadline:
            return _exchange(connection, call, deadline)
    finally:
        connection.close()


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    connect_seconds = settings().gateway_connect_seconds
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.netloc, timeout=connect_seconds, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=connect_seconds)
    try:
        connection.connect()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise TransientFailure(f"{parts.hostname} cannot be reached: {type(error).__name__}") from error
    return connection


def _exchange(connection: http.client.HTTPConnection, call: Call, deadline: Deadline) -> Reply:
    connection.sock.settimeout(settings().gateway_total_seconds)
    try:
        connection.request(call.method, call.target, body=call.body, headers=dict(call.headers))
        response = connection.getresponse()
        content = response.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = "did not answer in time" if deadline.passed else f"broke off ({type(error).__name__})"
        raise UnknownOutcome(f"{call.url.hostname} {why}") from error
    if deadline.passed:  # a shut socket can look like the end of the body
        raise UnknownOutcome(f"{call.url.hostname} did not answer in time")
    if len(content) > MAX_BYTES:
        raise UnknownOutcome(f"{call.url.hostname} answered with more than {MAX_BYTES} bytes")
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
