"""The correlation id: it goes with a request into its events, their deliveries and the tasks that follow."""

from __future__ import annotations

from contextvars import ContextVar

from app.kernel.ids import new_id

_correlation: ContextVar[str] = ContextVar("correlation_id", default="")


def correlation_id() -> str:
    """Return the id of what is being done now; a new one where nothing has begun."""
    if not _correlation.get():
        _correlation.set(str(new_id()))
    return _correlation.get()


def correlate(value: str) -> None:
    """Begin something, or go on with something that began elsewhere."""
    _correlation.set(value)
