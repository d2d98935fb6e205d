"""What this process has counted and not yet written."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Row:
    """One number: a name, and labels as (name, value)."""

    name: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Change:
    """What to add to a number; `anew`: it begins at zero again first."""

    amount: float
    anew: bool = False

    def then(self, later: Change) -> Change:
        """Return both in one, the later after this one."""
        return later if later.anew else Change(self.amount + later.amount, self.anew)


class Pending:
    """Adds up changes, from any number of threads."""

    def __init__(self) -> None:
        """Begin with nothing, and again so in every child: what stands here at a fork is the parent's to write."""
        self._lock = threading.Lock()
        self._changes: dict[Row, Change] = {}
        os.register_at_fork(after_in_child=self._forget)

    def add(self, row: Row, change: Change) -> None:
        """Add one change."""
        with self._lock:
            self._changes[row] = self._changes.get(row, Change(0)).then(change)

    def take(self) -> Mapping[Row, Change]:
        """Return all changes; from now on they are the caller's to write."""
        with self._lock:
            taken = dict(self._changes)
            self._changes.clear()
        return taken

    def give_back(self, taken: Mapping[Row, Change]) -> None:
        """Take back what could not be written: it comes before whatever was counted meanwhile."""
        with self._lock:
            for row, change in taken.items():
                self._changes[row] = change.then(self._changes.get(row, Change(0)))

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._changes = {}


pending = Pending()
