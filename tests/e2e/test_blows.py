"""Whichever part is struck down in the middle of a day's trade, the trade goes on and the books are right."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.infra.db import session_scope
from tests.e2e.blows import BLOWS
from tests.e2e.market import paid_at_the_gateway
from tests.e2e.patience import eventually
from tests.e2e.running import RunningWorld, running_world
from tests.e2e.trade import Trade
from tests.e2e.wire import Wire

#: Days without blows: what was booked is held, released and paid out, and late money comes in.
LAST_DAYS = 2
#: So long after people come at most, the blow falls: each run hits other moments.
LONGEST_PAUSE_SECONDS = 0.7
MOST_AIMS = 5


def test_no_blow_loses_doubles_or_strands_anything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("KILL_SEED", random.randrange(10**6)))
    chance = random.Random(seed)
    blows = chance.sample(list(BLOWS), len(BLOWS))
    with running_world(tmp_path / "world") as world, Wire(world) as wire, Trade(wire, chance) as trade:
        trade.open(learners=len(blows) * trade.buyers_sent)
        struck = []
        for first, second in zip(blows[::2], blows[1::2], strict=True):
            trade.begin_day()
            people = trade.send_buyers()
            struck += strike(world, first, chance)
            people += [*trade.send_buyers(), *trade.send_earners()]
            struck += strike(world, second, chance)  # while the system still gets up from the first
            see_off(people)
        for _ in range(LAST_DAYS):
            trade.begin_day()
            see_off(trade.send_earners())
        dead = replay_the_dead(trade, wire)
        with capsys.disabled():
            print(f"\nblows: seed {seed}, each while work was in hand: {', '.join(struck)}; dead letters: {dead}")
        assert struck == blows
        assert_nothing_is_stranded()
        assert dict(query("SELECT id::text, status FROM booking")) == trade.ends
        assert {name for (name,) in query(LETTERS)} <= letters_in(wire)
        books = wire.get("/admin/books", trade.office)
        assert [broken for broken in books["invariants"] if not broken["holds"]] == []
        assert books["clearing"] == []
        assert dict(query(TAKEN)) == paid_at_the_gateway(wire)


def strike(world: RunningWorld, blow: str, chance: random.Random) -> list[str]:
    """Strike as soon as work is in hand, and return the blow; none when none came, for then it would prove nothing.

    A target that the blow before has ended in this moment is aimed at anew, once it is up again.
    """
    for _ in range(MOST_AIMS):
        let_fall = BLOWS[blow](world)
        time.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
        if not world.await_work():
            break
        with suppress(ProcessLookupError):
            let_fall()
            return [blow]
    return []


def see_off(people: Iterable[Future[None]]) -> None:
    """Wait until everybody's story has come to its end, and all work that it caused: no letter tells of yesterday."""
    for person in people:
        person.result()
    eventually(lambda: query(UNFINISHED) == [], "nothing left pending, published or running")


def replay_the_dead(trade: Trade, wire: Wire) -> list[str]:
    """Have the office send again what died, which must have died of a blow; return why it had."""
    dead = wire.get("/admin/dead-letters", trade.office, limit="100")["items"]
    for letter in dead:
        wire.try_post(f"/admin/dead-letters/{letter['id']}/replay", trade.office, None)
    why = [f"{letter['task']}: {letter['attempts'][-1]['error']}" for letter in dead]
    assert [reason for reason in why if not any(known in reason for known in OF_A_BLOW)] == []
    return why


def assert_nothing_is_stranded() -> None:
    with suppress(AssertionError):  # the next line tells more
        eventually(lambda: query(STRANDED) == [], "an end of everything")
    assert query(STRANDED) == []


def letters_in(wire: Wire) -> set[str]:
    """Return the names by which letters go in their Message-IDs."""
    return {mail["message_id"].strip("<").partition("@")[0] for mail in wire.outside("/mailbox")["items"]}


def query(statement: str) -> list[Any]:
    with session_scope() as session:
        return [tuple(row) for row in session.execute(text(statement))]


#: What is said of somebody who is away, or of a worker that died.
OF_A_BLOW = ("cannot be reached", "cannot be talked to", "OperationalError", "prematurely", "lease ran out")
UNFINISHED = (
    "SELECT task, state FROM delivery WHERE state NOT IN ('done', 'discarded', 'dead') AND task NOT LIKE '%canary'"
)
STRANDED = """
    SELECT 'delivery', id, state FROM delivery WHERE state <> 'done' AND task NOT LIKE '%canary'
    UNION ALL
    SELECT 'booking', id, status FROM booking WHERE status IN ('awaiting_payment', 'confirmed', 'completed', 'expired')
    UNION ALL
    SELECT 'payment', id, status FROM payment WHERE status IN ('initiating', 'awaiting_payer')
    UNION ALL
    SELECT 'payout', id, status FROM payout WHERE status <> 'paid'
"""
LETTERS = """
    WITH told (event, person) AS (
        SELECT 'BookingConfirmed', 'learner' UNION ALL SELECT 'BookingConfirmed', 'mentor'
        UNION ALL SELECT 'EscrowReleased', 'mentor'
    )
    SELECT e.id || '-' || CASE person WHEN 'learner' THEN b.learner_id ELSE b.mentor_id END
    FROM told JOIN event AS e ON e.type = told.event
    JOIN booking AS b ON b.id = (e.payload ->> 'booking_id')::uuid AND b.status = 'closed'
"""
TAKEN = """
    SELECT id::text, captured FROM payment WHERE captured > 0
    UNION ALL
    SELECT a.id::text, p.amount FROM payout_attempt AS a JOIN payout AS p ON p.id = a.payout_id WHERE a.status = 'paid'
"""
