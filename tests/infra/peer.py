"""The other side of an HTTP call: a real socket, whose every byte and every pause a test decides."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from app.infra.calls import Operation
from app.infra.http import Reply, send
from app.kernel.errors import UnknownOutcome
from tests.patience import PATIENCE_SECONDS

Script = Callable[[socket.socket], None]


@dataclass
class Peer:
    """Where it listens, and what was asked of it."""

    url: str
    asked: list[bytes] = field(default_factory=list)


@contextmanager
def peer(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Listen on loopback; read the request of every connection, run the script with it, and close it."""
    plain = socket.create_server(("127.0.0.1", 0))
    with tls.wrap_socket(plain, server_side=True) if tls else plain as listener:
        found = Peer(f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, script, found), daemon=True)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_SECONDS)


def _serve(listener: socket.socket, script: Script, found: Peer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except ssl.SSLError:  # the caller did not like our certificate
            continue
        except OSError:  # the listener was shut
            return
        with connection, suppress(OSError):  # the caller may go away in the middle of the script
            found.asked.append(_request(connection))
            script(connection)


def _request(connection: socket.socket) -> bytes:
    """Read a request with its body (only Content-Length is understood)."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65_536) or b"\r\n\r\n"
    head, _, body = read.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def says(status_line: str, *headers: str, body: bytes = b"") -> Script:
    """Return a script that answers this, complete, and keeps the connection open for a moment."""
    answer = "\r\n".join((f"HTTP/1.1 {status_line}", *headers, f"Content-Length: {len(body)}", "", "")).encode() + body
    return lambda connection: connection.sendall(answer)


def drips(start: bytes, pauses: threading.Event, drop: bytes = b" ") -> Script:
    """Return a script that sends `start`, and then one drop every 50 ms until the caller has gone."""

    def script(connection: socket.socket) -> None:
        connection.sendall(start)
        while not pauses.wait(0.05):
            connection.sendall(drop)

    return script


def get(url: str) -> Reply:
    """Call it as a gateway would."""
    return send("GET", url, operation=Operation("peer", "get"), headers={})


def given_up(call: Callable[[str], Reply], url: str) -> str:
    """Call it, wait until the outcome is given up as unknown, and return what was said."""
    with pytest.raises(UnknownOutcome) as failure:
        call(url)
    return str(failure.value)
