"""The one place that reads the machine's clock. Business time is built on it in app/infra/clock.py."""

from __future__ import annotations

from datetime import UTC, datetime


def wall_now() -> datetime:
    """Return the wall time in UTC: for tokens, rate limits and retention, never for business deadlines."""
    return datetime.now(tz=UTC)


def rfc3339(instant: datetime) -> str:
    """Write an aware instant as the API shows it: UTC with a Z, microseconds only where there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
