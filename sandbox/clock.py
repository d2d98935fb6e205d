"""Business time: the system's own clock, which demo and tests can move forward, asked over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox import loopback

ASK_SECONDS = 0.5
"""Seconds: a payer's click must not hang because the system under test does."""

REST_SECONDS = 1.0
"""Seconds without asking again after the clock could not be reached."""


MOVED = 1.0
"""Seconds: more than two answers differ by while nobody moves the clock."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a clock has told: how many seconds business time is ahead of wall time."""

    offset: float


class Clock:
    """Wall time plus an offset that the clock at `url` tells; the last known offset stays when it cannot be reached.

    It stays over a restart, too, on its `shelf`: a payment opened before the clock could be asked would have expired.
    `url` answers GET with `{"now": "2026-11-20T10:00:00Z"}` and may take POST `{"advance_seconds": n}`; without it
    business time is wall time.
    """

    def __init__(self, url: str | None = None, shelf: MutableMapping[str, Told] | None = None) -> None:
        self.url = loopback.check_url(url) if url else None
        self.reachable = True
        self._shelf = {} if shelf is None else shelf
        self._offset = timedelta(seconds=self._shelf[url].offset if url and url in self._shelf else 0)
        self._asking = threading.Lock()
        self._asked_at = float("-inf")
        self._rest_until = float("-inf")

    def now(self, *, max_age: float = 0.0) -> datetime:
        """Tell business time in UTC, by an answer to a question put at most `max_age` seconds before this call.

        Callers that wait for each other share one answer, as long as it was asked after they arrived: a storm of
        clicks costs a few questions, and nobody sees a time from before the clock was moved.
        """
        if self.url is not None:
            oldest = time.monotonic() - max_age
            with self._asking:
                if self._asked_at < oldest and time.monotonic() >= self._rest_until:
                    self._ask(self.url)
        return self.last_known()

    def last_known(self) -> datetime:
        """Tell business time in UTC by the last offset that was told; ask nobody."""
        return datetime.now(tz=UTC) + self._offset

    @property
    def offset(self) -> timedelta:
        """How far business time is ahead of wall time."""
        return self._offset

    def advance(self, seconds: int) -> None:
        """Ask the clock to move forward; raises `ClockRefusedError` with the reason when it does not."""
        if self.url is None:
            raise ClockRefusedError("the sandbox runs on wall time: start it with CLOCK_URL to move the clock")
        body = json.dumps({"advance_seconds": seconds}).encode()
        try:
            answer = loopback.call("POST", self.url, timeout=10, json_body=body)
        except OSError as error:
            raise ClockRefusedError(f"the clock cannot be reached: {error}") from error
        if not answer.is_success:
            raise ClockRefusedError(f"the clock answered {answer.status}: {answer.body[:200].decode(errors='replace')}")

    def _ask(self, url: str) -> None:
        asked_at = time.monotonic()
        try:
            answer = loopback.call("GET", url, timeout=ASK_SECONDS)
            self._learn(url, datetime.fromisoformat(json.loads(answer.body)["now"]) - datetime.now(tz=UTC))
        except (OSError, ValueError, TypeError, KeyError):
            self.reachable = False
            self._rest_until = time.monotonic() + REST_SECONDS
        else:
            self.reachable = True
            self._asked_at = asked_at

    def _learn(self, url: str, offset: timedelta) -> None:
        """Take note of an offset; written down is only what somebody moved, not the moments that an answer takes."""
        self._offset, seconds = offset, offset.total_seconds()
        if url not in self._shelf or abs(seconds - self._shelf[url].offset) >= MOVED:
            self._shelf[url] = Told(seconds)


class ClockRefusedError(Exception):
    """The clock was not moved; the message says why."""


def rfc3339(instant: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with `Z`, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
