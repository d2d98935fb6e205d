"""Start and end of events: an instant with a time zone, or a whole day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.google.errors import ApiError, invalid

Moment = dict[str, str]
"""EventDateTime: `{"dateTime": "…Z", "timeZone": "…"}` or `{"date": "…"}`."""


def read_moment(value: object, name: str) -> Moment:
    """Check an EventDateTime and write its instant in UTC, the calendar's time zone; raises `ApiError`."""
    if not isinstance(value, dict) or not value.keys() <= {"dateTime", "timeZone", "date"}:
        raise invalid(f"Invalid value for: {name}")
    zone = read_zone(value.get("timeZone"))
    if value.get("date") is not None and value.get("dateTime") is None:
        return {"date": _day(value["date"], name).isoformat()}
    if value.get("dateTime") is None or value.get("date") is not None:
        raise ApiError(400, "required", f"Missing {name} time.")
    at = read_instant(value["dateTime"], f"{name}.dateTime", zone)
    return {"dateTime": written(at), "timeZone": zone.key if zone else "UTC"}


def read_instant(value: object, name: str, zone: ZoneInfo | None = None) -> datetime:
    """Read RFC 3339; without an offset it is local time of `zone`; raises `ApiError`."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) and len(value) > len("2026-01-01") else None
    except ValueError:
        at = None
    if at is None:
        raise invalid(f"Invalid value for: {name}: it must be RFC 3339, like 2026-11-20T10:00:00Z")
    if at.tzinfo is None:
        if zone is None:
            raise ApiError(400, "required", f"Missing time zone definition for {name}.")
        at = at.replace(tzinfo=zone)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise invalid(f"Invalid value for: {name}") from error


def read_zone(value: object) -> ZoneInfo | None:
    """Read the name of an IANA time zone, None when none is given; raises `ApiError`."""
    if value is None:
        return None
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid(f"Invalid time zone definition: {str(value)[:100]}") from error


def instant_of(moment: Mapping[str, Any]) -> datetime:
    """Return the instant a checked moment stands for; a day begins at midnight of the calendar, UTC."""
    if "date" in moment:
        return datetime.combine(date.fromisoformat(moment["date"]), time(0), UTC)
    return datetime.fromisoformat(moment["dateTime"])


def written(at: datetime) -> str:
    """Write an instant as events carry it: RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _day(value: object, name: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise invalid(f"Invalid value for: {name}.date") from error
