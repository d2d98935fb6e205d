"""Escrows are funded, released and returned by bookings: the tests live in the same world."""

from __future__ import annotations

from tests.booking.conftest import configure, outside, world

__all__ = ["configure", "outside", "world"]
