"""How calls to the outside go: counted by gateway and operation, and how many in a row had no good answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.infra import metrics
from app.kernel.errors import TransientFailure

#: Answers that say: not now, or not with these credentials.
REFUSALS = frozenset({401, 403, 429})

ANSWERED = "answered"


@dataclass(frozen=True)
class Operation:
    """What is asked of whom, in our words: few, and nothing that a caller chose."""

    gateway: str
    name: str


@dataclass
class Counted:
    """One call. Until it is answered nobody knows whether it arrived."""

    outcome: str = "lost"

    def answer(self, status: int) -> None:
        """Take note of the status (RFC 9110). A 404 is an answer: whoever asked knows what it means."""
        if status >= 500:
            self.outcome = "failed"
        else:
            self.outcome = "refused" if status in REFUSALS else ANSWERED


@contextmanager
def counted(operation: Operation) -> Iterator[Counted]:
    """Count the call in this block: answered, refused, failed, unreachable (it surely did not arrive), or lost."""
    call = Counted()
    began = time.monotonic()
    try:
        yield call
    except TransientFailure:
        call.outcome = "unreachable"
        raise
    finally:
        _count(operation, call.outcome, time.monotonic() - began)


def _count(operation: Operation, outcome: str, seconds: float) -> None:
    metrics.GATEWAY_CALLS.add(operation.gateway, operation.name, outcome)
    metrics.GATEWAY_SECONDS.observe(operation.gateway, operation.name, seconds=seconds)
    if outcome == ANSWERED:
        metrics.FAILURES_IN_A_ROW.end(operation.gateway)
    else:
        metrics.FAILURES_IN_A_ROW.grow(operation.gateway)
