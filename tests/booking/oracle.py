"""The same answer found the slow way: by looking at the clock on the wall in every minute of some days.

Nothing here turns a local time into an instant, and nothing here knows a week: it reads what the wall clock shows,
minute after minute, and compares it with the rules of the date that it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from app.booking.slots import Slot, Span
from app.kernel.zones import zone
from app.mentors.service import Schedule

MINUTE = timedelta(minutes=1)
BEFORE, AFTER = 11, 4  # days that are looked at around an instant: a stretch may have begun a week ago


@cache
def wall(place: str, around: datetime) -> list[datetime]:
    """Return what the clock shows (naive) in each minute of the days around an instant."""
    first = around - timedelta(days=BEFORE)
    minutes = (first + n * MINUTE for n in range((BEFORE + AFTER) * 24 * 60))
    return [minute.astimezone(zone(place)).replace(tzinfo=None) for minute in minutes]


def brute_force(
    schedule: Schedule, duration: int, busy: list[Span], now: datetime, around: datetime, window: Span
) -> list[Slot]:
    """Return the slots that begin in the window, which lies within a day or two of `around`; whole minutes only."""
    first = around - timedelta(days=BEFORE)
    taken = {(span.starts_at - first) // MINUTE + n for span in busy for n in range(_minutes(span))}
    found = set()
    for opens, closes in _open_times(schedule, wall(schedule.timezone, around)):
        for start in range(opens, closes - duration + 1, duration):
            at = first + start * MINUTE
            padded = range(start - schedule.buffer_minutes, start + duration + schedule.buffer_minutes)
            if (
                schedule.accepting
                and window.starts_at <= at < window.ends_at
                and now + schedule.min_notice_minutes * MINUTE <= at <= now + timedelta(days=schedule.horizon_days)
                and taken.isdisjoint(padded)
            ):
                found.add(Slot(at, at + duration * MINUTE))
    return sorted(found)


def _open_times(schedule: Schedule, shown: list[datetime]) -> Iterator[tuple[int, int]]:
    """Yield the open times as (first minute, minute after the last), those over midnight joined."""
    day, last_day = shown[0].date() + timedelta(days=1), shown[-1].date() - timedelta(days=1)
    always = len(schedule.rules) == 7 and all((rule.start, rule.end) == (0, 1440) for rule in schedule.rules)
    growing: tuple[int, int] | None = None  # reaches midnight, and may go on
    while day <= last_day:
        goes_on = None
        for rule in sorted(rule for rule in schedule.rules if rule.weekday == day.weekday()):
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - what the wall clock shows
            opens = _first_not_before(shown, midnight + rule.start * MINUTE)
            closes = _after_last_before(shown, midnight + rule.end * MINUTE)
            if growing is not None and rule.start == 0 and not (always and day.weekday() == 0):
                opens, growing = growing[0], None
            if rule.end == 24 * 60:
                goes_on = (opens, closes)
            else:
                yield opens, closes
        if growing is not None:
            yield growing
        growing = goes_on
        day += timedelta(days=1)
    if growing is not None:
        yield growing


def _first_not_before(shown: list[datetime], local: datetime) -> int:
    return next(n for n in _near(shown, local) if shown[n] >= local)


def _after_last_before(shown: list[datetime], local: datetime) -> int:
    return 1 + next(n for n in reversed(_near(shown, local)) if shown[n] < local)


def _near(shown: list[datetime], local: datetime) -> range:
    """Return the minutes that lie less than half a day from this time of the wall clock: no clock changes by more."""
    about = (local - shown[0]) // MINUTE
    return range(max(0, about - 720), min(len(shown), about + 720))


def _minutes(span: Span) -> int:
    return (span.ends_at - span.starts_at) // MINUTE
