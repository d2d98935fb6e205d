"""What listens where names, addresses and secrets could get out: a Sentry, a collector of traces, a broker's wire."""

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
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.infra.peer import Peer, peer, says
from tests.patience import PATIENCE_SECONDS

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


@dataclass(frozen=True)
class SeenSpan:
    """One span as it was sent."""

    process: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    links: frozenset[tuple[str, str]]
    attributes: dict[str, str]


@dataclass
class FakeCollector:
    """Takes traces, as OTLP over HTTP has them."""

    peer: Peer

    @property
    def text(self) -> str:
        """All that it was sent, readable."""
        return "\n".join(str(export) for export in self._exports())

    @property
    def spans(self) -> list[SeenSpan]:
        """All spans."""
        return [
            _seen(span, resource.resource)
            for export in self._exports()
            for resource in export.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def _exports(self) -> Iterator[ExportTraceServiceRequest]:
        for request in list(self.peer.asked):
            head, _, body = request.partition(b"\r\n\r\n")
            plain = gzip.decompress(body) if b"content-encoding: gzip" in head.lower() else body
            yield ExportTraceServiceRequest.FromString(plain)


def _seen(span: Any, resource: Any) -> SeenSpan:
    return SeenSpan(
        process=_attributes(resource)["service.name"],
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        links=frozenset((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        attributes=_attributes(span),
    )


def _attributes(found: Any) -> dict[str, str]:
    return {one.key: one.value.string_value or str(one.value.int_value) for one in found.attributes}


@contextmanager
def fake_collector() -> Iterator[FakeCollector]:
    """Listen as a collector does."""
    with peer(says("200 OK", "Content-Type: application/x-protobuf")) as listening:
        yield FakeCollector(listening)


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
    # By itself it would stop listening after five silent seconds.
    with redis.Redis.from_url(broker_url, socket_timeout=None) as client, client.monitor() as monitor:
        thread = threading.Thread(target=_listen, args=(monitor, wire), daemon=True)
        thread.start()
        yield wire
        monitor.connection.disconnect()
        thread.join(PATIENCE_SECONDS)


def _listen(monitor: Any, wire: Wire) -> None:
    with suppress(redis.RedisError, OSError, ValueError, AttributeError):  # the end of listening
        while True:
            wire.said.append(monitor.next_command()["command"].replace('\\"', '"').encode())


def _decoded(body: bytes) -> bytes:
    with suppress(binascii.Error):
        return base64.b64decode(body)
    return body
