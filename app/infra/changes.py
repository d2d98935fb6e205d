"""Tell whoever waits that a booking, a payment or a payout changed (Prefer: wait), over LISTEN and NOTIFY."""

from __future__ import annotations

import os
import select
import threading
from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra.config import settings

CHANNEL = "amana_changed"


def announce(session: Session, changed: UUID) -> None:
    """Say, when this transaction commits, that the row with this id changed in a way that a reader can see."""
    session.execute(text("SELECT pg_notify(:channel, :id)"), {"channel": CHANNEL, "id": str(changed)})


class Listener:
    """One thread of a process that listens for all its waiting requests, on a connection of its own."""

    def __init__(self) -> None:
        """Start nothing yet: a thread and a connection do not survive a fork."""
        self._lock = threading.Lock()
        self._waiting: dict[str, set[threading.Event]] = defaultdict(set)
        self._pid = 0

    def watch(self, rows: Collection[UUID]) -> threading.Event:
        """Return an event that is set when one of the rows changes; give it back to `unwatch`."""
        signal = threading.Event()
        with self._lock:
            for row in rows:
                self._waiting[str(row)].add(signal)
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._listen, name="changes", daemon=True).start()
        return signal

    def unwatch(self, rows: Collection[UUID], signal: threading.Event) -> None:
        """Stop watching."""
        with self._lock:
            for row in rows:
                self._waiting[str(row)].discard(signal)
                if not self._waiting[str(row)]:
                    del self._waiting[str(row)]

    def _listen(self) -> None:
        while True:
            try:
                with psycopg.connect(settings().database_url, autocommit=True, connect_timeout=5) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._pass_on(connection)
            except psycopg.OperationalError:
                # Waiters look for themselves once a second, so a lost listener only makes them slower.
                threading.Event().wait(1)

    def _pass_on(self, connection: psycopg.Connection) -> None:
        while True:
            select.select([connection.fileno()], [], [], 30)
            for notice in connection.notifies(timeout=0):
                with self._lock:
                    for signal in self._waiting.get(notice.payload, ()):
                        signal.set()


listener = Listener()
