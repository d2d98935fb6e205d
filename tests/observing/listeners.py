"""What listens where names, addresses and secrets could get out: a Sentry, a broker's wire."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import redis

from tests.infra.peer import Peer, peer, says

_BODY = re.compile(rb'"body": ?"([A-Za-z0-9+/=]+)"')


@dataclass
class FakeSentry:
    """Takes envelopes, as https://develop.sentry.dev/sdk/data-model/envelopes/ has them."""

    peer: Peer

    @property
    def dsn(self) -> str:
        """Where it is, as SENTRY_DSN has it."""
        return self.peer.url.replace("http://", "http://publickey@") + "/42"

    @property
    def text(self) -> str:
        """All that it was sent, heads included."""
        return "\n".join(head + body for head, body in self._envelopes())

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return the items of a kind: event, check_in."""
        found = []
        for _, body in self._envelopes():
            lines = body.splitlines()[1:]
            pairs = zip(map(json.loads, lines[::2]), map(json.loads, lines[1::2]), strict=True)
            found += [item for header, item in pairs if header["type"] == kind]
        return found

    def _envelopes(self) -> Iterator[tuple[str, str]]:
        for request in list(self.peer.asked):
            head, _, body = request.partition(b"\r\n\r\n")
            yield head.decode(), gzip.decompress(body).decode()


@contextmanager
def fake_sentry() -> Iterator[FakeSentry]:
    """Listen as Sentry does."""
    with peer(says("200 OK", "Content-Type: application/json", body=b"{}")) as listening:
        yield FakeSentry(listening)


@dataclass
class Wire:
    """Every command that a broker was given, with the bodies of messages as they are below their base64."""

    said: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it, readable."""
        bodies = [_decoded(body) for said in list(self.said) for body in _BODY.findall(said)]
        return b"\n".join([*self.said, *bodies]).decode(errors="replace")


@contextmanager
def tapped(broker_url: str) -> Iterator[Wire]:
    """Listen to all that Valkey is told, by everybody."""
    wire = Wire()
    with redis.Redis.from_url(broker_url) as client, client.monitor() as monitor:
        thread = threading.Thread(target=_listen, args=(monitor, wire), daemon=True)
        thread.start()
        yield wire
        monitor.connection.disconnect()
        thread.join(5)


def _listen(monitor: Any, wire: Wire) -> None:
    with suppress(redis.RedisError, OSError, ValueError, AttributeError):  # the end of listening
        while True:
            wire.said.append(monitor.next_command()["command"].replace('\\"', '"').encode())


def _decoded(body: bytes) -> bytes:
    with suppress(binascii.Error):
        return base64.b64decode(body)
    return body
