"""Whatever dies, whenever it dies: no booking is doubled, no message is lost, every millime can be explained."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.infra.db import session_scope
from app.infra.outbox import dead_letters
from app.ops.books import check_invariants
from tests.e2e.killer import Killer
from tests.e2e.market import Market, Slot, paid_at_the_gateway
from tests.e2e.patience import eventually
from tests.e2e.running import running_world
from tests.e2e.wire import Wire

PAYMENTS = 200
WAVE = 17  # payments for each kill: twelve kills, of which ten must count
DUPLICATED = 60  # 30 % of the webhooks come again
FEWEST_KILLS = 10


def count(statement: str) -> int:
    with session_scope() as session:
        return int(session.execute(text(statement)).scalar_one())


def test_killed_workers_neither_lose_nor_double_a_payment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    with running_world(tmp_path / "world") as world, Wire(world) as wire, Market(wire) as market:
        wire.order_fault("duplicate_webhooks", count=DUPLICATED, copies=2)
        killer = Killer(world, chance)
        buyers = []
        for wave in batches(market.open(PAYMENTS, mentors=10), WAVE):
            victim = killer.aim()
            coming = market.serve(wave)
            coming[chance.randrange(len(coming) // 2)].result()  # the others are on their way
            killer.strike(victim)
            buyers += coming
        for buyer in buyers:
            buyer.result()
        eventually(lambda: count("SELECT count(*) FROM booking WHERE status <> 'confirmed'") == 0, "all confirmed")
        eventually(lambda: unfinished() == 0, "nothing left running or published")
        with capsys.disabled():
            print(f"\nkill test: seed {seed}, {killer.counted} kills while work was in hand, {PAYMENTS} payments")
        assert killer.counted >= FEWEST_KILLS
        assert count("SELECT count(*) FROM ledger.txn WHERE kind = 'fund'") == PAYMENTS
        assert count("SELECT count(*) FROM ledger.txn WHERE kind = 'capture'") == PAYMENTS
        assert count("SELECT count(*) FROM event WHERE type = 'BookingConfirmed'") == PAYMENTS
        assert count("SELECT count(*) FROM delivery_attempt WHERE outcome = 'dead'") == 0, (
            "died of an error, not a kill"
        )
        with session_scope() as session:
            assert [broken for broken in check_invariants(session) if not broken.holds] == []
            captured = dict(session.execute(text("SELECT id::text, captured FROM payment WHERE captured > 0")).all())
        assert captured == paid_at_the_gateway(wire)


def unfinished() -> int:
    """Count what is not done. A mail has three tries, and kills may cost it all: it is sent again, as operators do."""
    with session_scope() as session:
        dead_letters.replay_all(session, dead_letters.Filter(), limit=10)
    return count(UNFINISHED)


def batches(slots: list[Slot], size: int) -> Iterator[list[Slot]]:
    return (slots[begin : begin + size] for begin in range(0, len(slots), size))


UNFINISHED = "SELECT count(*) FROM delivery WHERE state NOT IN ('done', 'discarded')"
