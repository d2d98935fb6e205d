"""A carrier without a broker: what the relay takes is handed to the task by the test itself, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
from celery.exceptions import Retry

from app.infra import config, outbox
from app.infra.db import session_scope
from app.infra.outbox import publish, record
from app.kernel.events import Event
from app.kernel.ids import new_id

#: In seconds: longer than a lease of these tests, and than anything published is waited for.
AGES = 100_000


@dataclass
class Carrier:
    """Records facts, carries deliveries, and looks at what stands in the database."""

    owner: psycopg.Connection
    worker: Any

    def record(self, event: type[Event], thing: UUID | None = None, how: str = "fine") -> UUID:
        """Record a fact about a thing, after telling the probe how to behave about it; return its first delivery."""
        thing = thing or new_id()
        self.tell(thing, how)
        with session_scope() as session:
            record(session, event(thing_id=thing))
        row = self.owner.execute("SELECT id FROM delivery ORDER BY seq DESC LIMIT 1").fetchone()
        return row[0] if row else None

    def tell(self, thing: UUID, how: str) -> None:
        """Tell the probe how to behave about a thing."""
        self.owner.execute(
            "INSERT INTO behaviour VALUES (%s, %s) ON CONFLICT (thing_id) DO UPDATE SET how = excluded.how",
            [thing, how],
        )

    def publish(self) -> list[UUID]:
        """Take what is due, as the relay does."""
        with session_scope() as session:
            return [outgoing.id for outgoing in publish.take_due(session)]

    def rescue(self) -> int:
        """Free what was lost, as the relay does."""
        with session_scope() as session:
            return publish.rescue(session)

    def deliver(self, delivery: UUID) -> str:
        """Hand one message to its task, as a worker does, and return how the task ended for Celery."""
        try:
            self.worker.tasks[self.row(delivery)["task"]](str(delivery))
        except Retry:
            return "retried"
        except Exception as error:  # noqa: BLE001 - how it ended is what is asked
            return type(error).__name__
        return "ended"

    def carry(self, delivery: UUID) -> str:
        """Publish and deliver one delivery, however long it would have to wait."""
        self.owner.execute("UPDATE delivery SET available_at = now() WHERE id = %s", [delivery])
        assert delivery in self.publish()
        return self.deliver(delivery)

    def row(self, delivery: UUID) -> dict[str, Any]:
        """Read a delivery."""
        return self.rows("SELECT * FROM delivery WHERE id = %s", delivery)[0]

    def state(self, delivery: UUID) -> str:
        """Read where a delivery stands."""
        return self.row(delivery)["state"]

    def attempts(self, delivery: UUID) -> list[dict[str, Any]]:
        """Read how its attempts ended."""
        return self.rows("SELECT * FROM delivery_attempt WHERE delivery_id = %s ORDER BY n", delivery)

    def effects(self) -> list[str]:
        """Read what probes did, in order."""
        return [row["what"] for row in self.rows("SELECT what FROM effect ORDER BY n")]

    def deaths(self) -> list[dict[str, Any]]:
        """Read the deaths that were recorded."""
        return self.rows("SELECT * FROM event WHERE type = 'DeliveryDied'")

    def rows(self, statement: str, *parameters: Any) -> list[dict[str, Any]]:
        """Read rows as the owner."""
        with self.owner.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def backdate(self, column: str, seconds: int = AGES) -> None:
        """Let time pass for every delivery."""
        self.owner.execute(f"UPDATE delivery SET {column} = {column} - make_interval(secs => %s)", [seconds])


@pytest.fixture
def probe_tables(plumbing):
    """Make the tables of the probes, or empty them, and return the owner's connection."""
    plumbing.execute("CREATE TABLE IF NOT EXISTS behaviour (thing_id uuid PRIMARY KEY, how text)")
    plumbing.execute("""
        CREATE TABLE IF NOT EXISTS effect (
            n bigint GENERATED ALWAYS AS IDENTITY, thing_id uuid, what text, pid bigint,
            at timestamptz DEFAULT clock_timestamp())
    """)
    plumbing.execute("GRANT SELECT, INSERT ON behaviour, effect TO amana_app")
    plumbing.execute("DELETE FROM behaviour")
    plumbing.execute("DELETE FROM effect")
    return plumbing


@pytest.fixture
def carrier(probe_tables):
    """Return the carrier, with the probes in the choreography of this process."""
    from app.choreography import REACTIONS  # noqa: PLC0415 - tasks read the settings, which the fixture has set
    from tasks.worker import app  # noqa: PLC0415
    from tests.delivery import probes  # noqa: PLC0415

    probes.install()
    yield Carrier(probe_tables, app)
    outbox.install(REACTIONS)


@pytest.fixture
def events(carrier):
    """Return the probes, to name the facts that they react to."""
    from tests.delivery import probes  # noqa: PLC0415 - it reads the settings, which `carrier` has set

    return probes


@pytest.fixture
def chosen(monkeypatch):
    """Return a function that sets settings for one test."""

    def choose(**settings: str) -> None:
        for variable, value in settings.items():
            monkeypatch.setenv(variable, value)
        config.settings.cache_clear()

    yield choose
    monkeypatch.undo()
    config.settings.cache_clear()
