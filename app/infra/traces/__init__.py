"""Traces (OpenTelemetry): from the request to the event, the relay, the task and the call of a gateway.

A trace is what bears one correlation id: its id follows from that, and the id of an event's span from the event's. So
whoever has the row of an event knows which span it stands for: nothing is sent along or stored, and a task that runs
days later, or after the broker forgot everything, goes on in the trace of the request that caused it.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set. Then nothing is made, and the library that would make it is not loaded.
Spans bear ids, names of routes, tasks and hosts, and kinds of errors; never a path, a body or words of an exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from uuid import UUID

from opentelemetry import trace
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    TracerProvider,
)
from opentelemetry.util.types import AttributeValue

from app.infra.config import settings
from app.infra.correlation import correlation_id

_SPAN_BITS: Final = (1 << 64) - 1

_providers: list[TracerProvider] = []

#: The id of the span that is made next; 0 for any.
own_span_id: ContextVar[int] = ContextVar("own_span_id", default=0)


def start(process: str) -> None:
    """Begin to trace this process, if an address is set; `process` is api, worker or relay."""
    if settings().traces_endpoint and not _providers:
        from app.infra.traces.export import make_provider  # noqa: PLC0415 - slow to load, and not for everybody

        _providers.append(make_provider(process))


def flush() -> None:
    """Send what waits to be sent: this process is about to end without asking anybody."""
    for provider in _providers:
        provider.force_flush()  # type: ignore[attr-defined]  # of the SDK's


def on() -> bool:
    """Tell whether this process is traced."""
    return bool(_providers)


def trace_id(correlation: str) -> int:
    """Return the id of the trace that bears a correlation id: 128 bits of its hash, for a client may choose the id."""
    return int.from_bytes(sha256(correlation.encode()).digest()[:16]) or 1


def place(correlation: str, event_id: UUID) -> SpanContext:
    """Return the span that recorded an event, whichever process that was in."""
    return SpanContext(trace_id(correlation), event_id.int & _SPAN_BITS, is_remote=True, trace_flags=_SAMPLED)


def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    after: SpanContext | None = None,
    links: Iterable[SpanContext] = (),
    **attributes: AttributeValue,
) -> AbstractContextManager[Span | None]:
    """Trace the block: below the span that is open here, or `after` one of another process; None when traces are off.

    What the block raises is told by its kind. Names of attributes are written with `__` for their dots.
    """
    if not _providers:
        return nullcontext()
    named = {name.replace("__", "."): value for name, value in attributes.items()}
    return _traced(name, kind, after, [Link(context) for context in links], named)


def tell_status(opened: Span | None, status: int) -> None:
    """Tell the HTTP status of an answer, given or got; 500 and above are failures of who answered."""
    if opened is not None:
        opened.set_attribute("http.response.status_code", status)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            opened.set_status(StatusCode.ERROR)


def mark_event(event_id: UUID, name: str) -> None:
    """Trace that an event is recorded: the span that all its deliveries go on from."""
    if not _providers:
        return
    token = own_span_id.set(event_id.int & _SPAN_BITS)
    try:
        with span(f"record {name}", SpanKind.PRODUCER, amana__event=name, amana__event_id=str(event_id)):
            pass
    finally:
        own_span_id.reset(token)


@contextmanager
def _traced(
    name: str, kind: SpanKind, after: SpanContext | None, links: list[Link], attributes: dict[str, AttributeValue]
) -> Iterator[Span]:
    context = trace.set_span_in_context(NonRecordingSpan(after)) if after else None
    attributes |= {"amana.correlation_id": correlation_id()}
    with _tracer().start_as_current_span(
        name, context, kind, attributes, links, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            opened.set_status(StatusCode.ERROR)
            opened.set_attribute("error.type", type(error).__name__)
            raise


def _tracer() -> Tracer:
    return _providers[0].get_tracer("amana")


_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
