"""Load over HTTP: so many connections that each send one request after the other."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from bench.timing import Timing

CONNECTIONS = 8
_SECONDS = 300.0

Call = Callable[[], str]


class Connection:
    """One kept-alive connection. It does no more than it must: the client shares the processors with the server."""

    def __init__(self, url: str) -> None:
        """Name the server; the connection is made when it is needed."""
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._socket: socket.socket | None = None

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send a whole request and return status and body; a server may have closed the connection in between."""
        answer = self._exchange(self._socket or self._connect(), request)
        if answer is None:
            answer = self._exchange(self._connect(), request)
        if answer is None:
            raise ConnectionError("the server closes every connection without an answer")
        return int(answer[0][9:12]), answer[1]

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()

    def _connect(self) -> socket.socket:
        self.close()
        self._socket = socket.create_connection(self._address, timeout=_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    @staticmethod
    def _exchange(via: socket.socket, request: bytes) -> tuple[bytes, bytes] | None:
        try:
            via.sendall(request)
            received = via.recv(65536)
            while received and b"\r\n\r\n" not in received:
                received += via.recv(65536)
        except ConnectionError:
            return None
        if not received:
            return None
        head, _, body = received.partition(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"), 0)
        while len(body) < length:
            body += via.recv(65536)
        return head, body


def request(method: str, path: str, *, headers: dict[str, str] | None = None, body: str = "") -> bytes:
    """Return a request as it goes over the wire."""
    typed = {"Content-Type": "application/json", "Content-Length": str(len(body))} if body else {}
    lines = [f"{name}: {value}" for name, value in {"Host": "bench", **(headers or {}), **typed}.items()]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", body]).encode()


def send_all(url: str, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Timing:
    """Send them over so many connections, in their order; `answers` counts the statuses."""
    open_connections = [Connection(url) for _ in range(connections)]
    try:
        return call_all(
            [
                [partial(_answer, via, one) for one in requests[number::connections]]
                for number, via in enumerate(open_connections)
            ]
        )
    finally:
        for connection in open_connections:
            connection.close()


def _answer(via: Connection, one: bytes) -> str:
    return str(via.send(one)[0])


def call_all(shares: Sequence[Sequence[Call]]) -> Timing:
    """Make each share of calls in a thread of its own, all at once; each call returns what to count it as."""
    latencies: list[list[tuple[float, str]]] = [[] for _ in shares]
    barrier = threading.Barrier(len(shares) + 1)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        barrier.wait()
        try:
            for call in shares[number]:
                began = time.perf_counter()
                answer = call()
                latencies[number].append((time.perf_counter() - began, answer))
        except BaseException as failure:  # noqa: BLE001 - raised again by the caller
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(shares))]
    for thread in threads:
        thread.start()
    barrier.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise failures[0]
    flat = [one for share in latencies for one in share]
    return Timing(len(flat), seconds, [took * 1000 for took, _ in flat], Counter(answer for _, answer in flat))
