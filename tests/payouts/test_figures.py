"""What /metrics tells of payouts."""

from __future__ import annotations

from tests.ops.scrape import scrape
from tests.payouts.world import PayoutWorld


def test_payouts_are_told_until_they_are_closed(world: PayoutWorld) -> None:
    mentor = world.earner(45_000)
    first, _ = world.requested(mentor, 10_000), world.requested(mentor, 20_000)
    seen = scrape(world.client)
    assert seen["amana_payouts_waiting", "TND", "pending"] == 2
    assert seen["amana_payouts_waiting_minor", "TND", "pending"] == 30_000
    world.send(mentor, "POST", f"/payouts/{first}/cancel")
    seen = scrape(world.client)
    assert seen["amana_payouts_waiting", "TND", "pending"] == 1
    assert seen["amana_payouts_waiting_minor", "TND", "pending"] == 20_000
