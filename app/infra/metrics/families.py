"""Everything that processes count."""

from __future__ import annotations

from app.infra.metrics.kinds import Counter, Family, Histogram, Streak

REQUESTS = Counter("amana_requests_total", "Requests answered", ("method", "route", "status"))
REQUEST_SECONDS = Histogram("amana_request_seconds", "How long answers took", ("method", "route"))

DELIVERIES = Counter("amana_deliveries_total", "Attempts at deliveries, by how they ended", ("task", "outcome"))

WEBHOOKS = Counter("amana_webhooks_total", "Pings of gateways, by what became of them", ("gateway", "outcome"))

GATEWAY_CALLS = Counter("amana_gateway_calls_total", "Calls to the outside", ("gateway", "operation", "outcome"))
GATEWAY_SECONDS = Histogram("amana_gateway_seconds", "How long calls to the outside took", ("gateway", "operation"))
FAILURES_IN_A_ROW = Streak(
    "amana_gateway_failures_in_a_row", "Calls without a good answer since the last one that had one", ("gateway",)
)

CAPTURES = Counter("amana_captures_total", "Payments captured", ("gateway", "currency"))
CAPTURED = Counter("amana_captured_minor_total", "Money captured, in minor units", ("gateway", "currency"))

BEAT_TICKS = Counter("amana_beat_ticks_total", "Rounds of Beat", ())

FAMILIES: tuple[Family, ...] = (
    REQUESTS, REQUEST_SECONDS, DELIVERIES, WEBHOOKS, GATEWAY_CALLS, GATEWAY_SECONDS, FAILURES_IN_A_ROW, CAPTURES,
    CAPTURED, BEAT_TICKS,
)  # fmt: skip
