"""Reports to Sentry, for whoever sets SENTRY_DSN: failures with their place, work that was given up, sweeps that stop.

What is sent is chosen, not cleaned: ids, words of ours, kinds of errors and places in the code. No request, header,
body, argument, local variable or log line goes out, so that nothing personal can be forgotten in one of them. Only the
id of a request is its caller's to choose (docs/adr/0012-what-lies-with-the-operator.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import sentry_sdk
from sentry_sdk.integrations import Integration

from app.infra import failures
from app.infra.config import settings
from app.infra.correlation import correlation_id
from app.infra.db import session_is_open
from app.infra.http import TransactionOpen

#: How long a report may hold its task up. Without waiting it is lost when the worker's process is replaced.
FLUSH_SECONDS = 2.0

_OF_EVENTS = frozenset(
    {
        "environment", "event_id", "fingerprint", "level", "message", "platform", "release", "sdk", "server_name",
        "tags", "timestamp", "transaction", "transaction_info",
    }
)  # fmt: skip
_OF_CHECK_INS = frozenset(
    {"check_in_id", "duration", "environment", "event_id", "monitor_config", "monitor_slug", "status", "type"}
)
_OF_FRAMES = frozenset({"filename", "function", "in_app", "lineno", "module"})
_OF_EXCEPTIONS = frozenset({"mechanism", "module", "type"})
_OF_MECHANISMS = frozenset({"exception_id", "handled", "is_exception_group", "parent_id", "source", "type"})


def start(*integrations: Integration) -> None:
    """Begin to report what this process fails at; without SENTRY_DSN nothing happens.

    May be called before a fork: the client starts its thread anew in each child.
    """
    dsn = settings().sentry_dsn
    if not dsn or sentry_sdk.get_client().dsn == dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        environment=settings().environment,
        integrations=integrations,
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_client_reports=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=choose,
    )


def capture(error: BaseException, *, wait: bool = False) -> None:
    """Report a failure; one that ends its process should `wait` until it is sent."""
    if settings().sentry_dsn:
        sentry_sdk.capture_exception(error)
        if wait:
            sentry_sdk.flush(FLUSH_SECONDS)


def report(
    message: str, *, level: Literal["info", "warning", "error", "critical"], cause: str, tags: Mapping[str, str]
) -> None:
    """Report a message; those of one cause are one issue there. Without SENTRY_DSN nothing happens.

    A Sentry that is away is no failure of ours: the report is dropped. Raises TransactionOpen inside a transaction.
    """
    if not settings().sentry_dsn:
        return
    if session_is_open():
        raise TransactionOpen("a report to Sentry inside a transaction")
    start()
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = [cause]
        scope.set_tags(tags)
        sentry_sdk.capture_message(message, level="fatal" if level == "critical" else level)
    sentry_sdk.flush(FLUSH_SECONDS)


def choose(event: Any, _hint: Mapping[str, Any]) -> Any:
    """Return what may leave of an event, with the correlation id under which logs and events tell more."""
    if event.get("type") == "check_in":
        return _only(event, _OF_CHECK_INS)
    chosen = _only(event, _OF_EVENTS)
    chosen["tags"] = {**event.get("tags", {}), "correlation_id": correlation_id()}
    if "exception" in event:
        chosen["exception"] = {"values": [_exception(value) for value in event["exception"].get("values", ())]}
    return chosen


def _exception(value: Mapping[str, Any]) -> dict[str, Any]:
    chosen = _only(value, _OF_EXCEPTIONS)
    chosen["mechanism"] = _only(value.get("mechanism") or {}, _OF_MECHANISMS)
    if failures.may_speak(f"{value.get('module') or 'builtins'}.{value.get('type')}"):
        chosen["value"] = value.get("value")
    frames = (value.get("stacktrace") or {}).get("frames", ())
    chosen["stacktrace"] = {"frames": [_only(frame, _OF_FRAMES) for frame in frames]}
    return chosen


def _only(found: Mapping[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name in kept}
