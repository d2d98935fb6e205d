"""Every table of the house, for the migrations: models are private to their rooms, their metadata is not."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

import app

PLUMBING = ("app.infra.clock", "app.infra.idempotency", "app.infra.metrics.store", "app.infra.outbox.tables")


def load_all_tables() -> None:
    """Import the models of all rooms that have any, so that Base.metadata is complete."""
    for module in PLUMBING:
        import_module(module)
    for room in iter_modules(app.__path__, "app."):
        if room.ispkg and find_spec(f"{room.name}.models"):
            import_module(f"{room.name}.models")
