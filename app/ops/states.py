"""How something is."""

from __future__ import annotations

from enum import StrEnum


class HealthStatus(StrEnum):
    """From good to bad, in this order."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"  #: the system works, and somebody should look
    UNHEALTHY = "unhealthy"
