"""How often something may be done for one address. Counted in this process's memory, on wall time.

With n processes the limits are up to n times as high; they stop a machine, not a person.
"""

from __future__ import annotations

import math
from functools import cache

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.kernel.clock import wall_now
from app.kernel.errors import TooMany


class Throttle:
    """A moving window for each subject. Nobody is locked out for good: an attacker could lock out the owner."""

    def __init__(self, name: str, limit: RateLimitItem) -> None:
        """Take the name under which it counts, and how many in how long."""
        self._name = name
        self._limit = limit

    def check(self, subject: str) -> None:
        """Raise TooMany, with the seconds until the next is allowed, when the window is full."""
        if not _limiter().test(self._limit, self._name, subject):
            reset = _limiter().get_window_stats(self._limit, self._name, subject).reset_time
            raise TooMany(retry_after=max(1, math.ceil(reset - wall_now().timestamp())))

    def take(self, subject: str) -> bool:
        """Count one; False, counting nothing, when the window is full."""
        return _limiter().hit(self._limit, self._name, subject)

    def forget(self, subject: str) -> None:
        """Begin again for this subject."""
        _limiter().clear(self._limit, self._name, subject)


#: Wrong passwords for one address, known or not: a limit for known ones only would tell which are.
FAILED_LOGINS = Throttle("failed logins", RateLimitItemPerMinute(10, 5))

#: Mails that anybody can have sent to an address that they only have to know.
MAILS_ON_REQUEST = Throttle("mails on request", RateLimitItemPerHour(5))


@cache
def _limiter() -> MovingWindowRateLimiter:
    """Made at first use: its storage starts a thread, which would not survive the fork of a web server."""
    return MovingWindowRateLimiter(MemoryStorage())
