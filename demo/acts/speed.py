"""How soon work was begun."""

from __future__ import annotations

from demo.stage import Stage
from demo.starts import measure_delays


def play(stage: Stage) -> None:
    """Show how long facts waited for the tasks that react to them."""
    stage.screen.act("How fast work starts")
    delays = measure_delays(stage.world.database_url, stage.began)
    stage.screen.step(
        "Database", f"commit → task start: p50 {delays.p50:.0f} ms, p95 {delays.p95:.0f} ms, {delays.count} tasks"
    )
