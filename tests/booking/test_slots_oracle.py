"""Every change of the clocks of these places in 2026 to 2028, against an oracle that looks at every minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.booking.slots import Reason, Span, offered, refusal
from app.kernel.zones import zone
from app.mentors.service import Schedule, WeeklyRule
from tests.booking.oracle import brute_force
from tests.booking.schedules import NOBODY, schedule

PLACES = [
    "Africa/Cairo", "Africa/Casablanca", "Africa/Tunis", "America/Havana", "America/New_York", "America/Nuuk",
    "America/Santiago", "Antarctica/Troll", "Asia/Beirut", "Asia/Kathmandu", "Asia/Kolkata", "Atlantic/Azores",
    "Australia/Lord_Howe", "Australia/Sydney", "Europe/Paris", "Pacific/Apia", "Pacific/Chatham", "Pacific/Easter",
    "Pacific/Kiritimati", "Pacific/Pago_Pago",
]  # fmt: skip


def changes(place: str) -> Iterator[datetime]:
    """Yield the instants (UTC) at which the offset of a place changes, and one ordinary instant."""
    yield datetime(2027, 6, 16, 12, tzinfo=UTC)
    minute, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
    while minute < end:
        after = minute + timedelta(minutes=30)
        if minute.astimezone(zone(place)).utcoffset() != after.astimezone(zone(place)).utcoffset():
            yield after
        minute = after


MOMENTS = [(place, change) for place in PLACES for change in changes(place)]

#: Hours that meet every kind of change: across it, beginning and ending in it, over midnight, without any break.
WEEKS = {
    "nights": ("every 21:30-24:00", "every 00:00-04:30"),
    "quarters": ("every 00:15-02:15", "every 02:15-02:45", "every 02:45-03:30", "every 22:45-23:45"),
    "always": ("every 00:00-24:00",),
    "weekend": ("fri 20:00-24:00", "sat 00:00-24:00", "sun 00:00-24:00", "mon 00:00-06:00"),
    "tangent": ("every 01:00-02:00", "every 02:00-03:00", "every 23:00-24:00"),
}


def around(change: datetime) -> Span:
    return Span(change - timedelta(days=1, hours=12), change + timedelta(days=1, hours=12))


@pytest.mark.parametrize("week", WEEKS)
@pytest.mark.parametrize("duration", [15, 50])
def test_every_change_of_every_place_agrees_with_the_oracle(week, duration):
    found = 0
    for place, change in MOMENTS:
        hours, window, now = schedule(*WEEKS[week], timezone=place), around(change), change - timedelta(days=2)
        listed = offered(hours, duration, [], now, window.starts_at, window.ends_at)
        assert listed == brute_force(hours, duration, [], now, change, window), (place, change)
        found += len(listed)
    assert found > len(MOMENTS)


@st.composite
def weekly_rules(draw: st.DrawFn) -> tuple[WeeklyRule, ...]:
    """Draw rules that do not overlap, often at midnight and in the small hours, where clocks change."""
    bound = st.one_of(st.sampled_from([0, 1440]), st.integers(0, 20).map(lambda n: n * 15), st.integers(0, 1440))
    rules: list[WeeklyRule] = []
    for weekday in range(7):
        bounds = sorted(draw(st.sets(bound, max_size=4)))
        rules += [WeeklyRule(weekday, *pair) for pair in zip(bounds[::2], bounds[1::2], strict=False)]
    return tuple(draw(st.permutations(rules)))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Schedule, int, list[Span], datetime, datetime]:
    """Draw a schedule, a duration, sessions, now, and the change of a clock that lies near all of them."""
    place, change = draw(st.sampled_from(MOMENTS))
    minutes = st.integers(-48 * 60, 48 * 60).map(lambda n: change + timedelta(minutes=n))
    sessions = st.builds(lambda start, long: Span(start, start + timedelta(minutes=long)), minutes, st.integers(5, 480))
    hours = Schedule(
        mentor_id=NOBODY,
        timezone=place,
        rules=draw(weekly_rules()),
        buffer_minutes=draw(st.sampled_from([0, 0, 5, 15, 90])),
        min_notice_minutes=draw(st.sampled_from([0, 0, 60, 1500])),
        horizon_days=draw(st.sampled_from([365, 365, 2, 1])),
        accepting=True,
    )
    duration = draw(st.sampled_from([5, 15, 20, 30, 45, 50, 60, 90, 120, 480]))
    now = change + timedelta(minutes=draw(st.integers(-72 * 60, 12 * 60)))
    return hours, duration, draw(st.lists(sessions, max_size=6)), now, change


quick = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(questions())
def test_any_schedule_agrees_with_the_oracle(question):
    hours, duration, busy, now, change = question
    window = around(change)
    listed = offered(hours, duration, busy, now, window.starts_at, window.ends_at)
    assert listed == brute_force(hours, duration, busy, now, change, window)


@quick
@given(questions(), st.lists(st.integers(-36 * 60, 36 * 60 - 1), max_size=20))
def test_what_is_listed_can_be_booked_and_nothing_else(question, minutes):
    hours, duration, busy, now, change = question
    window = around(change)
    listed = offered(hours, duration, busy, now, window.starts_at, window.ends_at)
    for slot in listed:
        assert refusal(hours, duration, busy, now, slot.starts_at) is None
    starts = {slot.starts_at for slot in listed}
    on_grid = {slot.starts_at + timedelta(minutes=n * duration) for slot in listed[:5] for n in (-2, -1, 1, 2)}
    for start in on_grid | {change + timedelta(minutes=n) for n in minutes}:
        if window.starts_at <= start < window.ends_at:
            reason = refusal(hours, duration, busy, now, start)
            assert (reason is None) == (start in starts), (start, reason)
            assert reason is None or isinstance(reason, Reason)
