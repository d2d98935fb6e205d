"""Schedules and instants in few words, for the tests of slots."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.booking.slots import Slot, Span, offered
from app.kernel.zones import zone
from app.mentors.service import Schedule, WeeklyRule

NOBODY = UUID(int=0)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def rules(*lines: str) -> tuple[WeeklyRule, ...]:
    """Read lines like "mon 09:00-17:00"; "every" is every day."""
    return tuple(
        WeeklyRule(weekday, *(int(bound[:2]) * 60 + int(bound[3:]) for bound in hours.split("-")))
        for days, hours in (line.split() for line in lines)
        for weekday in (range(7) if days == "every" else [DAYS.index(days)])
    )


def schedule(
    *lines: str, timezone: str = "UTC", buffer: int = 0, notice: int = 0, horizon: int = 365, accepting: bool = True
) -> Schedule:
    """Return the schedule of a mentor open by these lines."""
    return Schedule(NOBODY, timezone, rules(*lines), buffer, notice, horizon, accepting)


def utc(text: str) -> datetime:
    """Read "2027-03-28 01:00" as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Span:
    """Return the time between two instants, UTC."""
    return Span(utc(start), utc(end))


def listed(
    open_hours: Schedule, minutes: int, start: str, days: float, *, busy: Iterable[Span] = (), now: str = ""
) -> list[Slot]:
    """List the slots of this many days from an instant; now is that instant unless told otherwise."""
    begin = utc(start)
    return offered(
        open_hours, minutes, busy, utc(now) if now else begin,
        begin, begin + timedelta(days=days),
    )  # fmt: skip


def local_starts(slots: Iterable[Slot], timezone: str) -> list[str]:
    """Show when slots start as the mentor's wall clock says, with the offset: "Sun 02:30+02:00"."""
    shown = (slot.starts_at.astimezone(zone(timezone)) for slot in slots)
    return [f"{start:%a %H:%M}{start.isoformat()[-6:]}" for start in shown]


def clock(slots: Iterable[Slot]) -> list[str]:
    """Show when slots start, UTC: "09:00"."""
    return [f"{slot.starts_at:%H:%M}" for slot in slots]
