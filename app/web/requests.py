"""What surrounds every request: its id, its log line, the headers of every answer."""

from __future__ import annotations

import logging
import re
import time
from contextlib import ExitStack

from flask import Flask, Response, g, request
from opentelemetry.trace import SpanKind

from app.infra import metrics, traces
from app.infra.correlation import correlate, correlation_id
from app.kernel.ids import new_id

log = logging.getLogger("app.requests")

_VISIBLE = re.compile(r"^[\x21-\x7e]{1,128}$")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Strict-Transport-Security": "max-age=31536000",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def register(app: Flask) -> None:
    """Hook the request id in front of every request and the headers behind it."""
    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(close_trace)


def begin() -> None:
    """Take the caller's request id, or make one: it becomes the correlation id of all that follows."""
    given = request.headers.get("X-Request-Id", "")
    correlate(given if _VISIBLE.match(given) else str(new_id()))
    g.began = time.monotonic()
    if traces.on():
        open_trace()


def open_trace() -> None:
    """Trace the request. What a caller says of traces is not taken over: a stranger could join any."""
    method, route = _asked_for()
    g.trace = ExitStack()
    opened = traces.span(f"{method} {route}", SpanKind.SERVER, http__request__method=method, http__route=route)
    g.span = g.trace.enter_context(opened)


def close_trace(_error: BaseException | None = None) -> None:
    """End the trace of the request, if there is one."""
    if "trace" in g:
        g.pop("trace").close()


def end(response: Response) -> Response:
    """Set the headers, write one line and count; the route's pattern is told, never the path: it may hold a MAC."""
    response.headers["X-Request-Id"] = correlation_id()
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "preference_applied" in g:
        response.headers["Preference-Applied"] = g.preference_applied
    if "span" in g:
        traces.tell_status(g.span, response.status_code)
    _tell(response.status_code, time.monotonic() - g.get("began", time.monotonic()))
    return response


def _tell(status: int, seconds: float) -> None:
    """Log and count a request."""
    method, route = _asked_for()
    extra = {"method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000)}
    log.info("request", extra=extra)
    metrics.REQUESTS.add(method, route, str(status))
    if "preference_applied" not in g:  # who asked to wait tells nothing of how quick we are
        metrics.REQUEST_SECONDS.observe(method, route, seconds=seconds)


def _asked_for() -> tuple[str, str]:
    """Return method and route in words of ours: what a caller has made up could be anybody's name, and has no end."""
    method = request.method if request.method in METHODS else "other"
    return method, str(request.url_rule or "unknown")
