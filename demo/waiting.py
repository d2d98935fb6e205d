"""Waiting without sleeping long: look, look again, and say what was seen when patience ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from demo.failures import NotInTime

T = TypeVar("T")

#: Seconds between two looks at something that cannot be waited for otherwise.
PAUSE = 0.03


@dataclass(frozen=True)
class Look(Generic[T]):
    """What one look found, None when it is not there yet, and what it saw instead."""

    found: T | None
    seen: str = "nothing"


@dataclass(frozen=True)
class Patience:
    """How many seconds anything may take."""

    seconds: float

    def beyond(self, seconds: float) -> Patience:
        """Return a patience for what waits so many seconds on purpose."""
        return Patience(self.seconds + seconds)

    def until(self, what: str, look: Callable[[], Look[T]], *, pause: float = PAUSE) -> T:
        """Look until something is found and return it; raise NotInTime."""
        deadline = time.monotonic() + self.seconds
        while (latest := look()).found is None:
            if time.monotonic() >= deadline:
                raise NotInTime(what, self.seconds, latest.seen)
            time.sleep(pause)
        return latest.found
