"""Structured logs: one JSON object a line, on standard error, with the correlation id and an allow-list of keys."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

from app.infra import failures
from app.infra.correlation import correlation_id
from app.kernel.clock import rfc3339, wall_now

#: Keys that a log call may add with `extra=`. Anything else is dropped: a name or a token cannot slip in.
ALLOWED = frozenset(
    {
        "attempt", "attempt_id", "booking_id", "count", "delivery_id", "duration_ms", "event", "gateway", "method",
        "outcome", "payment_id", "queue", "retry_in_seconds", "route", "status", "task", "worker",
    }
)  # fmt: skip


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: at, level, logger, message, correlation_id, allowed extras, error."""
        line: dict[str, Any] = {
            "at": rfc3339(wall_now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            "correlation_id": correlation_id(),
        }
        line.update({key: value for key, value in record.__dict__.items() if key in ALLOWED})
        if record.exc_info and record.exc_info[1]:
            line["error"] = failures.trace(record.exc_info[1])
        return json.dumps(line, default=str, ensure_ascii=False)


#: How gunicorn begins to speak of a request, in which it then quotes what was sent; and what is told instead.
_OF_REQUESTS = {
    "Invalid request": "a request could not be read",
    "Error handling request": "a request broke off",
    "%s %s": "a request came",
}


def _message(record: logging.LogRecord) -> str:
    """Return what is said; less what Celery repeats of a failure's own words, and gunicorn of a stranger's."""
    if record.name == "gunicorn.error":
        for begins, told in _OF_REQUESTS.items():
            if str(record.msg).startswith(begins):
                return told
    said = getattr(record, "data", None)
    if record.name == "celery.app.trace" and isinstance(said, dict):
        return f"{said.get('name')} {said.get('description')}"
    return record.getMessage()


#: Celery says three lines for every task, and Beat one for every sweep: our own lines say what matters of them.
CHATTY = ("celery.app.trace", "celery.beat", "celery.worker.strategy")


def configure(level: str) -> None:
    """Send everything that this process logs through the formatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
