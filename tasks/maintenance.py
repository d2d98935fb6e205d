"""Sweeps: started by Beat every few seconds, and by the clock when business time is moved. All may run at once."""

from __future__ import annotations
