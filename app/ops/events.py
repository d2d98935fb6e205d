"""Facts of the back office."""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class ClockMoved(Event):
    """Business time was moved forward (demo and test only): whatever fell due meanwhile is due now."""
