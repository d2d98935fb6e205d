"""Slots: the one function that decides whether a session may begin at an instant, and the list made with it.

Pure: it reads no clock, no database and no time zone but the pinned ones. Listing asks it for every start on the grid
and booking asks it for the start that was sent, so what is listed can be booked and the other way round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from app.kernel.zones import closes_at, opens_at, zone
from app.mentors.service import Schedule, Stretch, stretches

#: No session or buffer reaches further than this: what lies beyond cannot touch a slot.
REACH = timedelta(days=1)

_DAY = timedelta(days=1)
_NOTHING = timedelta(0)


class Reason(StrEnum):
    """Why no session may begin at an instant."""

    NOT_ACCEPTING = "mentor_not_accepting"
    IN_THE_PAST = "in_the_past"
    TOO_SOON = "too_soon"
    TOO_FAR_AHEAD = "too_far_ahead"
    OUTSIDE_HOURS = "outside_hours"
    OFF_THE_GRID = "off_the_grid"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time from `starts_at` until before `ends_at`, aware instants."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Slot(Span):
    """A time that a learner may book, in UTC."""


def refusal(
    schedule: Schedule, duration_minutes: int, busy: Iterable[Span], now: datetime, starts_at: datetime
) -> Reason | None:
    """Tell why no session of this length may begin at this instant; None when it may.

    `busy` are the mentor's other sessions, in any order, without buffers: at least all that lie within one buffer
    of the session. `now` is the business instant.

    Buffer: the session padded on both sides must not meet another session as it is. The gap between two sessions is
    therefore at least one buffer, whichever was booked first, and not the sum of two.
    Notice and horizon are elapsed time, not calendar days, and both ends count as inside.
    """
    return _Diary(schedule, duration_minutes, busy, now).refusal(starts_at.astimezone(UTC))


def offered(  # noqa: PLR0917 - the words of `refusal`, then from when until when
    schedule: Schedule,
    duration_minutes: int,
    busy: Iterable[Span],
    now: datetime,
    window_start: datetime,
    window_end: datetime,
) -> list[Slot]:
    """Return the slots that begin from `window_start` until before `window_end`, soonest first.

    See `refusal`; `busy` reaches one duration and one buffer beyond the window.
    """
    diary = _Diary(schedule, duration_minutes, busy, now)
    return [
        Slot(starts_at, starts_at + diary.duration)
        for starts_at in diary.grid(window_start, window_end)
        if diary.refusal(starts_at) is None
    ]


class _Diary:
    """What one mentor's answer depends on, prepared once for many candidates."""

    def __init__(self, schedule: Schedule, duration_minutes: int, busy: Iterable[Span], now: datetime) -> None:
        self.duration = timedelta(minutes=duration_minutes)
        self._accepting = schedule.accepting
        self._buffer = timedelta(minutes=schedule.buffer_minutes)
        self._now = now
        self._earliest = now + timedelta(minutes=schedule.min_notice_minutes)
        self._latest = now + timedelta(days=schedule.horizon_days)
        taken = _disjoint(busy)
        self._busy_starts = [span.starts_at for span in taken]
        self._busy_ends = [span.ends_at for span in taken]
        self._zone = zone(schedule.timezone)
        self._week: dict[int, list[Stretch]] = defaultdict(list)
        for stretch in stretches(schedule.rules):
            self._week[stretch.weekday].append(stretch)
        # A stretch may have begun days ago; one day more, as a clock that falls back over midnight repeats a date.
        self._days_back = 1 + max((stretch.days for week in self._week.values() for stretch in week), default=0)
        self._open_by_day: dict[date, list[Span]] = {}

    def refusal(self, starts_at: datetime) -> Reason | None:
        """Tell why no session may begin at this instant (UTC); None when it may."""
        if not self._accepting:
            return Reason.NOT_ACCEPTING
        if starts_at < self._now:
            return Reason.IN_THE_PAST
        if starts_at < self._earliest:
            return Reason.TOO_SOON
        if starts_at > self._latest:
            return Reason.TOO_FAR_AHEAD
        return self._refused_by_hours(starts_at) or self._refused_by_sessions(starts_at)

    def grid(self, window_start: datetime, window_end: datetime) -> list[datetime]:
        """Return the starts (UTC) that the hours make in this window, as far as notice and horizon reach."""
        begin, end = max(window_start, self._earliest), min(window_end, self._latest + timedelta.resolution)
        if begin >= end:
            return []
        # Where the clock repeats an hour, two rules may both give the same start: hence a set.
        return sorted({start for span in self._open(begin, end) for start in self._starts(span, begin, end)})

    def _starts(self, span: Span, begin: datetime, end: datetime) -> Iterator[datetime]:
        skipped = max(0, -((span.starts_at - begin) // self.duration))
        start = span.starts_at + skipped * self.duration
        while start < end and start + self.duration <= span.ends_at:
            yield start
            start += self.duration

    def _refused_by_hours(self, starts_at: datetime) -> Reason | None:
        ends_at = starts_at + self.duration
        around = [s for s in self._open_near(starts_at) if s.starts_at <= starts_at and ends_at <= s.ends_at]
        if not around:
            return Reason.OUTSIDE_HOURS
        on_grid = any((starts_at - span.starts_at) % self.duration == _NOTHING for span in around)
        return None if on_grid else Reason.OFF_THE_GRID

    def _refused_by_sessions(self, starts_at: datetime) -> Reason | None:
        nearest = bisect_left(self._busy_starts, starts_at + self.duration + self._buffer) - 1
        taken = nearest >= 0 and self._busy_ends[nearest] > starts_at - self._buffer
        return Reason.TAKEN if taken else None

    def _open_near(self, instant: datetime) -> list[Span]:
        """Return every open time (UTC) that can hold this instant: looked up once for each local day."""
        day = instant.astimezone(self._zone).date()
        if day not in self._open_by_day:
            self._open_by_day[day] = list(self._open(instant, instant))
        return self._open_by_day[day]

    def _open(self, begin: datetime, end: datetime) -> Iterator[Span]:
        """Yield every open time (UTC) that can touch this time, and a few around it."""
        day = begin.astimezone(self._zone).date() - self._days_back * _DAY
        last = end.astimezone(self._zone).date() + _DAY
        while day <= last:
            yield from self._open_from(day)
            day += _DAY

    def _open_from(self, day: date) -> Iterator[Span]:
        """Yield the open times that begin on this local day; empty ones where the clock leaps over all of it."""
        midnight = datetime.combine(day, time.min)
        for stretch in self._week[day.weekday()]:
            opens = opens_at(midnight + timedelta(minutes=stretch.start), self._zone)
            closes = closes_at(midnight + timedelta(minutes=stretch.end), self._zone)
            yield Span(opens, closes)


def _disjoint(busy: Iterable[Span]) -> list[Span]:
    """Return the same time in order and without overlaps, so that one look finds the only span that can matter."""
    merged: list[Span] = []
    for span in sorted(busy):
        if merged and span.starts_at <= merged[-1].ends_at:
            merged[-1] = Span(merged[-1].starts_at, max(merged[-1].ends_at, span.ends_at))
        else:
            merged.append(span)
    return merged
