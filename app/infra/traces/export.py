"""The part of tracing that sends: loaded by those who trace, and by nobody else."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from app.infra import traces
from app.infra.config import settings
from app.infra.correlation import correlation_id

#: A relay sends so many deliveries at once, and links the span to the event of each.
MOST_LINKS = 500


class CorrelatedIds(IdGenerator):
    """Derives ids from what the rows know, so that another process can derive them too."""

    def __init__(self) -> None:
        """Take chance for what nobody needs to find again."""
        self._random = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        """Return the trace of the correlation id."""
        return traces.trace_id(correlation_id())

    def generate_span_id(self) -> int:
        """Return the id that was asked for, or any."""
        return traces.own_span_id.get() or self._random.generate_span_id()


def make_provider(process: str) -> TracerProvider:
    """Return what makes spans and sends them in the background, as OTLP over HTTP.

    Every process decides by the trace's id alone whether it is sampled: so a trace is whole or not there.
    """
    provider = TracerProvider(
        sampler=TraceIdRatioBased(settings().traces_per_cent / 100),
        resource=Resource.create({"service.name": f"amana-{process}", "service.namespace": "amana"}),
        id_generator=CorrelatedIds(),
        span_limits=SpanLimits(max_links=MOST_LINKS),
    )
    exporter = OTLPSpanExporter(endpoint=f"{settings().traces_endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1_000))
    return provider
