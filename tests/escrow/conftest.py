"""Escrows are funded, released and returned by bookings: the tests live in the same world."""

from __future__ import annotations

from tests.booking.conftest import configure, database, folder_database, outside, world

__all__ = ["configure", "database", "folder_database", "outside", "world"]
