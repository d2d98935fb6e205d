"""Every table of the house, for the migrations: models are private to their rooms, their metadata is not."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

ROOMS = ("identity", "ledger", "notifications", "payments", "mentors", "escrow", "payouts", "calendar", "booking", "ops")
PLUMBING = ("app.infra.outbox.tables", "app.infra.idempotency")


def load_all_tables() -> None:
    """Import the models of all rooms, so that Base.metadata is complete."""
    for module in PLUMBING:
        import_module(module)
    for room in ROOMS:
        if find_spec(f"app.{room}") and find_spec(f"app.{room}.models"):
            import_module(f"app.{room}.models")
