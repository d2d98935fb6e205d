"""Business time, which a demo world can move forward; all its deadlines follow."""

from __future__ import annotations

from datetime import datetime

from demo.caller import Caller


def business_now(anybody: Caller) -> datetime:
    """Return what time it is for slots and deadlines, UTC."""
    return datetime.fromisoformat(anybody.get("/sandbox/clock")["now"])


def move_forward(anybody: Caller, seconds: int) -> datetime:
    """Move business time forward and return what time it is now, UTC; what falls due starts at once."""
    return datetime.fromisoformat(anybody.post("/sandbox/clock", {"advance_seconds": seconds})["now"])


def rfc3339(instant: datetime) -> str:
    """Write an instant as the API takes it."""
    return instant.isoformat().replace("+00:00", "Z")
