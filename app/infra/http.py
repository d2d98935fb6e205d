"""Every call to the outside goes through here: no open transaction, a total deadline, a size cap, no redirects."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from opentelemetry.trace import SpanKind

from app.infra import calls, traces
from app.infra.calls import Operation
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
    def host(self) -> str:
        """Return the name of the other side, which is all that an error may tell of the address."""
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        """Return the port that is named, or the scheme's own."""
        return self.url.port or (443 if self.url.scheme == "https" else 80)

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

    @property
    def retry_after(self) -> int | None:
        """Return the seconds that the other side asks us to wait (RFC 9110 §10.2.3), None where it does not say."""
        asked = self.headers.get("retry-after", "")
        return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 6 else None


class Deadline:
    """Shuts the socket when time is up: a peer that drips a byte a second defeats every per-read timeout."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        """Watch this socket for so many seconds."""
        self._sock = sock
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
        with suppress(OSError):  # it was closed a moment ago: that is what we wanted
            self._sock.shutdown(socket.SHUT_RDWR)


def send(
    method: str, url: str, *, operation: Operation, headers: Mapping[str, str], body: bytes | None = None
) -> Reply:
    """Make one call, count it, and return the answer, whatever its status.

    Raises TransientFailure when the request surely did not arrive (no connection), UnknownOutcome when it may have
    (timeout, reset, half an answer or too long a one), TransactionOpen when a database session is open in this thread.
    """
    call = Call(method, urlsplit(url), headers, body)
    if session_is_open():
        raise TransactionOpen(f"{method} {call.host} inside a transaction")
    with (
        calls.counted(operation) as counted,
        traces.span(
            f"{method} {call.host}", SpanKind.CLIENT, http__request__method=method, server__address=call.host
        ) as span,
    ):
        reply = _send(call)
        counted.answer(reply.status)
        traces.tell_status(span, reply.status)
    return reply


def _send(call: Call) -> Reply:
    with closing(_connect(call)) as sock, Deadline(sock, settings().gateway_total_seconds) as deadline:
        sock.settimeout(settings().gateway_total_seconds)
        with closing(_prepare(call, sock)) as connection:
            return _exchange(connection, call, deadline)


def _connect(call: Call) -> socket.socket:
    try:
        return socket.create_connection((call.host, call.port), timeout=settings().gateway_connect_seconds)
    except OSError as error:
        raise _unreachable(call, error) from error


def _prepare(call: Call, sock: socket.socket) -> http.client.HTTPConnection:
    """Shake hands where the scheme asks for it. The deadline runs: a peer may drip its handshake, too."""
    if call.url.scheme != "https":
        connection = http.client.HTTPConnection(call.host, call.port)
        connection.sock = sock
        return connection
    secured = http.client.HTTPSConnection(call.host, call.port, context=_tls())
    try:
        # A duplicate is wrapped: the deadline keeps the socket itself, which wrapping would take away from it.
        secured.sock = _tls().wrap_socket(sock.dup(), server_hostname=call.host)
    except OSError as error:
        raise _unreachable(call, error) from error
    return secured


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _exchange(connection: http.client.HTTPConnection, call: Call, deadline: Deadline) -> Reply:
    try:
        connection.request(call.method, call.target, body=call.body, headers=dict(call.headers))
        with connection.getresponse() as response:
            content = response.read(MAX_BYTES + 1)
            missing = response.length
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = deadline.passed or isinstance(error, TimeoutError)
        why = "did not answer in time" if late else f"broke off ({type(error).__name__})"
        raise UnknownOutcome(f"{call.host} {why}") from error
    if deadline.passed:  # a shut socket can look like the end of the body
        raise UnknownOutcome(f"{call.host} did not answer in time")
    if len(content) > MAX_BYTES:
        raise UnknownOutcome(f"{call.host} answered with more than {MAX_BYTES} bytes")
    if missing:  # http.client is silent about a body that ends before its Content-Length
        raise UnknownOutcome(f"{call.host} broke off in the middle of its answer")
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, content)


def _unreachable(call: Call, error: OSError) -> TransientFailure:
    return TransientFailure(f"{call.host} cannot be reached: {type(error).__name__}")
