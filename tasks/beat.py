"""Beat, which leaves a trace: whoever asks how it is finds in Postgres when its last round was."""

from __future__ import annotations

from typing import Any

from celery.beat import Scheduler

from app.infra import heartbeat, metrics
from tasks import watching


class CountingScheduler(Scheduler):
    """Celery's own scheduler in memory, with its rounds counted."""

    def setup_schedule(self) -> None:
        """Begin."""
        super().setup_schedule()
        metrics.start()
        watching.start()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start what is due and return the seconds until the next round."""
        pause: float = super().tick(*args, **kwargs)
        metrics.BEAT_TICKS.add()
        heartbeat.beat()
        return pause
