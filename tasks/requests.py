"""How a worker tells Flower of a task: by what it is called and how it ended, never in the words of its failure."""

from __future__ import annotations

from typing import Any

from celery.worker.request import Request


class DiscreetRequest(Request):
    """A task that a worker holds. Its events travel through the broker and stand in Flower, where no person may."""

    def send_event(self, type: str, **fields: Any) -> None:  # noqa: A002 - Celery's name
        """Send an event; of an exception only its kind, and no traceback: both stand with the delivery."""
        if "exception" in fields:
            fields |= {"exception": str(fields["exception"]).partition("(")[0], "traceback": None}
        super().send_event(type, **fields)
