"""A witness in the database: it sees every state in which a row begins and every change of it, whoever makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from app.kernel.states import Machine

#: Where the states of each machine stand.
STORED = {
    "booking": ("booking", "status"),
    "calendar connection": ("calendar_connection", "status"),
    "delivery": ("delivery", "state"),
    "escrow": ("escrow", "status"),
    "order": ("payment_order", "status"),
    "payment": ("payment", "status"),
    "payout": ("payout", "status"),
    "payout attempt": ("payout_attempt", "status"),
}

_NOTES = """
    CREATE SCHEMA witness;
    CREATE TABLE witness.note (place text, before text, after text);
    CREATE FUNCTION witness.note() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO witness.note VALUES (TG_TABLE_NAME, to_jsonb(OLD) ->> TG_ARGV[0], to_jsonb(NEW) ->> TG_ARGV[0]);
        RETURN NULL;
    END $$;
"""

_WATCH = """
    CREATE TRIGGER begun AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION witness.note('{column}');
    CREATE TRIGGER changed AFTER UPDATE ON {table} FOR EACH ROW WHEN (OLD.{column} IS DISTINCT FROM NEW.{column})
        EXECUTE FUNCTION witness.note('{column}');
"""


@dataclass(frozen=True)
class Witness:
    """What was seen so far of the states of some machines."""

    owner: psycopg.Connection
    machines: tuple[Machine[Any, Any], ...]

    def check(self) -> None:
        """Check that every row of each table was taken, that nothing else was, and that rows began as they may."""
        for machine in self.machines:
            allowed = [(str(before), str(after)) for (before, _), after in machine.rows.items()]
            assert len(set(allowed)) == len(allowed), f"{machine.name}: two steps look the same from outside"
            seen = self._seen(machine)
            assert {after for before, after in seen if before is None} == {str(state) for state in machine.initial}
            changes = {change for change in seen if change[0] is not None}
            unheard_of, never_taken = changes - set(allowed), set(allowed) - changes
            assert not unheard_of, f"no row of {machine.name} allows {sorted(unheard_of)}"
            assert not never_taken, f"these rows of {machine.name} are never taken: {sorted(never_taken)}"

    def _seen(self, machine: Machine[Any, Any]) -> set[tuple[str | None, str]]:
        table, _ = STORED[machine.name]
        found = self.owner.execute("SELECT DISTINCT before, after FROM witness.note WHERE place = %s", [table])
        return {(before, after) for before, after in found}


@contextmanager
def watching(owner: psycopg.Connection, *machines: Machine[Any, Any]) -> Iterator[Witness]:
    """Watch the tables of some machines."""
    owner.execute(_NOTES)
    try:
        for machine in machines:
            table, column = STORED[machine.name]
            owner.execute(_WATCH.format(table=table, column=column))
        yield Witness(owner, machines)
    finally:
        owner.execute("DROP SCHEMA witness CASCADE")
