"""Reports to Sentry, where SENTRY_DSN names one: words and ids that we choose, never what a process holds in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import Literal

import sentry_sdk

from app.infra.config import settings
from app.infra.db import session_is_open
from app.infra.http import TransactionOpen

#: How long a report may hold its task up. Without waiting it is lost when the worker's process is replaced.
FLUSH_SECONDS = 2.0


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
    _start(settings().sentry_dsn, os.getpid())
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = [cause]
        scope.set_tags(tags)
        sentry_sdk.capture_message(message, level="fatal" if level == "critical" else level)
    sentry_sdk.flush(FLUSH_SECONDS)


@cache
def _start(dsn: str, pid: int) -> None:  # noqa: ARG001 - once a process: the thread that sends does not survive a fork
    """Start the client without its integrations, which read requests, logs and local variables on their own."""
    sentry_sdk.init(
        dsn=dsn,
        environment=settings().environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_client_reports=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
    )
