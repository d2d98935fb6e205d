"""Loopback, and nothing else: where the sandbox listens, and the only way it calls anybody."""

from __future__ import annotations

import http.client
import ipaddress
import random
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

LOWEST_FREE_PORT, EPHEMERAL_PORTS = 20_000, 32_768
"""Free ports are taken below the kernel's ephemeral range, where no outgoing connection can be sitting on one."""

BACKLOG = 1024
BODY_LIMIT = 64 * 1024


class NotLoopbackError(ValueError):
    """The address is not on this machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said: status code, and at most `BODY_LIMIT` bytes of the body."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether it is a 2xx."""
        return self.status in range(200, 300)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine and cannot be another; no name is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(url: str) -> str:
    """Return the same URL if it is plain `http://` to loopback; raises `NotLoopbackError` with the reason otherwise."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise NotLoopbackError(f"not a URL: {error}") from error
    if parts.scheme != "http" or host is None or not is_loopback(host):
        raise NotLoopbackError("must be http:// on 127.0.0.1 or localhost: the sandbox calls nobody else")
    if not url.isascii() or not url.isprintable() or " " in url or "#" in url:
        raise NotLoopbackError("must be printable ASCII, percent-encoded where needed, without a fragment")
    return url


def listen(host: str, port: int) -> socket.socket:
    """Open a listening TCP socket on `host`; port 0 takes a free one below the ephemeral range.

    Raises `NotLoopbackError`, or `OSError` when the port is taken.
    """
    if not is_loopback(host):
        raise NotLoopbackError(f"refusing to listen on {host}: the sandbox is for loopback only")
    candidates = random.sample(range(LOWEST_FREE_PORT, EPHEMERAL_PORTS), 200) if port == 0 else [port]
    for candidate in candidates:
        try:
            return socket.create_server((host, candidate), backlog=BACKLOG)
        except OSError:
            if candidate == candidates[-1]:
                raise
    raise AssertionError("there is always at least one candidate")


def call(method: str, url: str, *, timeout: float, json_body: bytes | None = None) -> Answer:
    """Make one HTTP request to loopback, following no redirect; `timeout` in seconds is for each step.

    Raises `NotLoopbackError`, or `OSError` for everything that leaves us without an answer.
    """
    parts = urlsplit(check_url(url))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Accept": "*/*", "User-Agent": "sandbox"}
    if json_body is not None:
        headers["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=timeout)
    try:
        connection.request(method, target, body=json_body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, response.read(BODY_LIMIT))
    except http.client.HTTPException as error:
        raise ConnectionError(f"not HTTP: {error!r}") from error
    finally:
        connection.close()
