"""A trace goes from the request over the event and the task to a gateway's call, and costs nothing where it is off."""

from __future__ import annotations

import subprocess
import sys
from uuid import UUID

import pytest

from app.infra import traces
from app.infra.traces.export import make_provider
from tests.architecture.sources import ROOT
from tests.observing.conftest import STRANGE_TRACE
from tests.patience import eventually

#: What is looked at below, by the request that caused it.
WANTED = {
    ("POST /api/v1/bookings", "a-booking"),
    ("record PaymentOpened", "a-booking"),
    ("tasks.payments.open_checkout", "a-booking"),
    ("POST 127.0.0.1", "a-booking"),
    ("POST /api/v1/bookings", "the-outage"),
    ("tasks.payments.close_attempts", "a-cancel"),
}


@pytest.fixture(scope="module")
def spans(played):
    """Return all spans, once those that are looked at have come: each process sends its own, when it likes."""
    return eventually(lambda: whole(played.collector.spans), "all spans that are looked at")


def whole(spans):
    """Return the spans if none is missing that is looked at, or from which another one comes."""
    ids = {span.span_id for span in spans}
    complete = all(named(spans, *wanted) for wanted in WANTED) and ids >= {span.parent_id for span in spans} - {""}
    return spans if complete and recorded(spans) & linked(spans) else None


def recorded(spans):
    return {(span.trace_id, span.span_id) for span in spans if span.name.startswith("record ")}


def linked(spans):
    return set().union(*(span.links for span in spans if span.process == "amana-relay"))


def named(spans, name, request):
    trace = f"{traces.trace_id(request):032x}"
    return [span for span in spans if span.name == name and span.trace_id == trace]


def test_a_gateway_s_call_leads_back_to_the_request_that_caused_it(spans):
    by_id = {span.span_id: span for span in spans}
    call = named(spans, "POST 127.0.0.1", "a-booking")[0]
    way = [call]
    while way[-1].parent_id:
        way.append(by_id[way[-1].parent_id])
    assert [(span.process, span.name) for span in way] == [
        ("amana-worker", "POST 127.0.0.1"),
        ("amana-worker", "tasks.payments.open_checkout"),
        ("amana-api", "record PaymentOpened"),
        ("amana-api", "POST /api/v1/bookings"),
    ]
    assert {span.attributes["amana.correlation_id"] for span in way} == {"a-booking"}


def test_the_span_of_an_event_is_found_by_its_row(spans, played):
    with played.world.owner() as owner:
        rows = owner.execute("SELECT id, correlation_id FROM event WHERE type = 'PaymentOpened'").fetchall()
    places = [traces.place(correlation, event_id) for event_id, correlation in rows]
    wanted = {(f"{place.trace_id:032x}", f"{place.span_id:016x}") for place in places}
    found = lambda: {(span.trace_id, span.span_id) for span in played.collector.spans if "PaymentOpened" in span.name}
    assert len(wanted) == 3
    eventually(lambda: wanted <= found(), "the spans of all payments that were opened")  # and of one rolled back


def test_the_relay_links_what_it_sends_to_the_events_it_sends_it_for(spans):
    sent = [span for span in spans if span.process == "amana-relay"]
    assert {span.name for span in sent} == {"send deliveries"}
    assert recorded(spans) & linked(spans)
    assert len({span.trace_id for span in sent}) == len(sent)
    assert all(int(span.attributes["messaging.batch.message_count"]) >= len(span.links) > 0 for span in sent)


def test_what_fails_is_marked_by_its_kind(spans):
    (request,) = named(spans, "POST /api/v1/bookings", "the-outage")
    assert (request.failed, request.attributes["http.response.status_code"]) == (True, "500")
    (task,) = {span.attributes["error.type"] for span in named(spans, "tasks.payments.close_attempts", "a-cancel")}
    assert task == "IntegrityError"
    call = named(spans, "POST 127.0.0.1", "a-booking")[0]
    assert (call.failed, call.attributes["error.type"]) == (True, "TransientFailure")


def test_a_caller_s_own_trace_is_not_joined(spans):
    strange = STRANGE_TRACE.split("-")[1]
    assert strange not in {span.trace_id for span in spans}


@pytest.mark.parametrize(
    ("modules", "unknown"),
    [("wsgi", "opentelemetry.sdk"), ("tasks.relay", "opentelemetry.sdk.trace")],  # redis-py takes the SDK's metrics
)
def test_where_it_is_off_what_makes_traces_is_not_loaded(services, database, modules, unknown):
    program = f"import sys, {modules}; print('{unknown}' in sys.modules, 'opentelemetry.exporter' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "False False\n"


def test_where_it_is_off_no_span_is_made():
    with traces.span("anything") as span:
        assert span is None


@pytest.mark.parametrize(("per_cent", "least", "most"), [("0", 0, 0), ("30", 200, 400), ("100", 1_000, 1_000)])
def test_so_many_of_all_traces_are_sent_as_was_chosen(chosen, per_cent, least, most):
    chosen(TRACES_PER_CENT=per_cent, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1")
    sampler = make_provider("test").sampler
    ids = [traces.trace_id(str(UUID(int=number))) for number in range(1_000)]
    sampled = [sampler.should_sample(None, trace_id, "x").decision.is_sampled() for trace_id in ids]
    assert least <= sum(sampled) <= most
