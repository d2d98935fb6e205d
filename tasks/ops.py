"""What the back office does about events: alarms."""

from __future__ import annotations
