"""What came of a run: how many requests, how they were answered, and what deviates from the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from schemathesis.engine import events
from schemathesis.engine.recorder import ScenarioRecorder


@dataclass(repr=False)
class Tally:
    """Counts by status and by operation; a case counts once, whatever was asked besides to check its answer."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    deviations: list[str] = field(default_factory=list)

    def share(self, operation: str) -> int:
        """Return how many per cent of an operation's cases were answered 2xx."""
        return 100 * self.accepted[operation] // self.cases[operation]

    def count(self, stream: Iterable[events.EngineEvent]) -> None:
        """Let a run come to its end, and count."""
        for event in stream:
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.NonFatalError):
                self.deviations.append(f"{event.label}: {event.value!r}")
            if isinstance(event, events.ScenarioFinished):
                self._count(event.recorder)

    def __repr__(self) -> str:
        return f"{self.requests} requests, {len(self.deviations)} deviations"

    def lines(self) -> Iterator[str]:
        """Yield a table for people."""
        for operation in sorted(self.cases, key=lambda label: label.split()[::-1]):
            yield f"{self.cases[operation]:6} cases, {self.share(operation):3} % 2xx  {operation}"
        answers = ", ".join(f"{count} answered {status}" for status, count in sorted(self.statuses.items()))
        yield f"{self.requests} requests: {answers}"
        yield f"{len(self.deviations)} deviations"

    def _count(self, recorder: ScenarioRecorder) -> None:
        for case_id, node in recorder.cases.items():
            asked = recorder.interactions.get(case_id)
            if asked is not None and asked.response is not None:
                status = asked.response.status_code
                self.requests += 1
                self.statuses[status] += 1
                if node.parent_id is None:
                    self.cases[recorder.label] += 1
                    self.accepted[recorder.label] += 200 <= status < 300
        for check in (check for checks in recorder.checks.values() for check in checks):
            if check.failure_info is not None:
                told, how = check.failure_info.failure.message, check.failure_info.code_sample
                self.deviations.append(f"{recorder.label}: {check.name}: {told}\n    {how}")
