"""Which times a learner may book: the grid, the sessions already held, notice, horizon."""

from __future__ import annotations

import itertools
import sys
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from app.booking.slots import Reason, Slot, Span, offered, refusal
from tests.booking.schedules import DAYS, clock, listed, schedule, span, utc

MONDAY = "2027-01-04 00:00"
OFFICE = schedule("mon 09:00-12:00")


def why(open_hours, minutes, start, *, busy=(), now=MONDAY):
    return refusal(open_hours, minutes, busy, utc(now), utc(start))


# The grid


def test_slots_follow_each_other_from_the_start_of_a_rule():
    slots = listed(OFFICE, 60, MONDAY, 1)
    assert slots == [Slot(utc(f"2027-01-04 {hour:02}:00"), utc(f"2027-01-04 {hour + 1:02}:00")) for hour in (9, 10, 11)]


def test_the_last_slot_ends_within_the_hours():
    assert clock(listed(schedule("mon 16:00-18:00"), 50, MONDAY, 1)) == ["16:00", "16:50"]
    assert clock(listed(schedule("mon 09:00-09:59"), 60, MONDAY, 1)) == []


def test_each_rule_of_a_day_has_a_grid_of_its_own():
    apart = schedule("mon 09:00-10:30", "mon 14:15-15:30")
    assert clock(listed(apart, 60, MONDAY, 1)) == ["09:00", "14:15"]
    touching = schedule("mon 09:00-10:30", "mon 10:30-12:00")
    assert clock(listed(touching, 60, MONDAY, 1)) == ["09:00", "10:30"]


def test_the_grid_does_not_depend_on_where_the_listing_begins():
    assert clock(listed(OFFICE, 60, "2027-01-04 09:01", 1)) == ["10:00", "11:00"]


def test_a_listing_holds_what_begins_in_it_from_its_first_instant_until_before_its_last():
    assert clock(listed(OFFICE, 60, "2027-01-04 09:00", 1 / 24)) == ["09:00"]
    assert clock(listed(OFFICE, 60, "2027-01-04 10:30", 1 / 48)) == []


def test_a_listing_that_ends_before_it_begins_is_empty():
    assert listed(OFFICE, 60, MONDAY, -7) == []


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("2027-01-04 09:00", None),
        ("2027-01-04 09:30", Reason.OFF_THE_GRID),
        ("2027-01-04 09:00:00.000001", Reason.OFF_THE_GRID),
        ("2027-01-04 11:30", Reason.OUTSIDE_HOURS),
        ("2027-01-04 08:00", Reason.OUTSIDE_HOURS),
        ("2027-01-05 09:00", Reason.OUTSIDE_HOURS),
    ],
)
def test_only_a_start_on_the_grid_may_be_booked(start, reason):
    assert why(OFFICE, 60, start) is reason


def test_a_start_may_be_told_in_any_offset():
    nine = datetime(2027, 1, 4, 14, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert refusal(OFFICE, 60, [], utc(MONDAY), nine) is None


def test_without_hours_there_are_no_slots():
    assert listed(schedule(), 60, MONDAY, 30) == []
    assert why(schedule(), 60, "2027-01-04 09:00") is Reason.OUTSIDE_HOURS


# Over midnight


def test_hours_until_midnight_and_from_midnight_are_one():
    evening = schedule("mon 22:30-24:00", "tue 00:00-02:00")
    slots = listed(evening, 60, "2027-01-04 12:00", 1)
    assert clock(slots) == ["22:30", "23:30", "00:30"]
    assert slots[1] == Slot(utc("2027-01-04 23:30"), utc("2027-01-05 00:30"))


def test_a_slot_over_midnight_is_found_from_the_day_after():
    evening = schedule("mon 22:30-24:00", "tue 00:00-02:00")
    assert clock(listed(evening, 60, "2027-01-05 00:00", 1)) == ["00:30"]
    assert why(evening, 60, "2027-01-05 00:30") is None
    assert why(evening, 60, "2027-01-05 00:00") is Reason.OFF_THE_GRID


def test_sunday_goes_on_into_monday():
    assert clock(listed(schedule("sun 23:00-24:00", "mon 00:00-01:00"), 90, "2027-01-10 12:00", 1)) == ["23:00"]


def test_hours_that_end_a_minute_before_midnight_do_not_reach_over_it():
    evening = schedule("mon 22:30-23:59", "tue 00:00-02:00")
    assert clock(listed(evening, 60, "2027-01-04 12:00", 1)) == ["22:30", "00:00", "01:00"]


def test_hours_may_end_at_midnight():
    assert clock(listed(schedule("mon 22:00-24:00"), 60, MONDAY, 2)) == ["22:00", "23:00"]


def test_days_without_a_break_are_one_stretch_from_the_first():
    slots = listed(schedule("mon 23:00-24:00", "tue 00:00-24:00", "wed 00:00-01:00"), 100, MONDAY, 4)
    assert clock(slots)[0] == "23:00"
    assert len(slots) == 26 * 60 // 100
    assert all(later.starts_at == earlier.ends_at for earlier, later in pairwise(slots))


def test_a_week_without_any_break_begins_on_monday_at_midnight():
    always = schedule("every 00:00-24:00")
    slots = listed(always, 480, MONDAY, 14)
    assert len(slots) == 14 * 3
    odd = listed(always, 50, "2027-01-11 00:00", 7)
    assert odd[0].starts_at == utc("2027-01-11 00:00")
    assert odd[-1].ends_at <= utc("2027-01-18 00:00")
    assert why(always, 50, "2027-01-11 00:00") is None


def test_a_week_without_a_break_but_with_two_rules_on_a_day_begins_with_the_second():
    days = [f"{day} 00:00-24:00" for day in DAYS[1:]]
    slots = listed(schedule("mon 00:00-12:00", "mon 12:00-24:00", *days), 7 * 60, MONDAY, 7)
    assert slots[0].starts_at == utc("2027-01-04 12:00") - timedelta(days=7) + 23 * timedelta(hours=7)
    assert utc("2027-01-04 12:00") in [slot.starts_at for slot in slots]


# Sessions already held, and the buffer


def test_a_session_takes_away_the_slots_that_it_touches():
    busy = [span("2027-01-04 10:30", "2027-01-04 11:00")]
    assert clock(listed(OFFICE, 60, MONDAY, 1, busy=busy)) == ["09:00", "11:00"]
    assert why(OFFICE, 60, "2027-01-04 10:00", busy=busy) is Reason.TAKEN


def test_sessions_may_follow_each_other_without_a_gap():
    busy = [span("2027-01-04 10:00", "2027-01-04 11:00")]
    assert clock(listed(OFFICE, 60, MONDAY, 1, busy=busy)) == ["09:00", "11:00"]


@pytest.mark.parametrize(
    ("buffer", "starts"),
    [(0, ["09:00", "09:30", "11:00", "11:30"]), (29, ["09:00", "11:30"]), (30, ["09:00", "11:30"]), (31, [])],
)
def test_between_two_sessions_lies_at_least_one_buffer_and_not_two(buffer, starts):
    busy = [span("2027-01-04 10:00", "2027-01-04 11:00")]
    padded = schedule("mon 09:00-12:00", buffer=buffer)
    assert clock(listed(padded, 30, MONDAY, 1, busy=busy)) == starts


def test_a_buffer_may_lie_outside_the_hours():
    assert clock(listed(schedule("mon 09:00-10:00", buffer=60), 60, MONDAY, 1)) == ["09:00"]


def test_sessions_may_come_in_any_order_and_overlap():
    busy = [
        span("2027-01-04 11:00", "2027-01-04 11:30"),
        span("2027-01-04 09:00", "2027-01-04 11:00"),
        span("2027-01-04 09:10", "2027-01-04 09:20"),
    ]
    assert clock(listed(OFFICE, 30, MONDAY, 1, busy=busy)) == ["11:30"]


def test_a_long_session_takes_away_slots_far_from_its_start():
    assert listed(OFFICE, 60, MONDAY, 1, busy=[span("2027-01-01 00:00", "2027-01-06 00:00")]) == []


# Notice, horizon, accepting


def test_nothing_is_offered_in_the_past():
    assert clock(listed(OFFICE, 60, MONDAY, 1, now="2027-01-04 10:00")) == ["10:00", "11:00"]
    assert why(OFFICE, 60, "2027-01-04 09:00", now="2027-01-04 09:00:00.000001") is Reason.IN_THE_PAST


@pytest.mark.parametrize(
    ("now", "starts"),
    [("2027-01-04 08:00", ["09:00", "10:00", "11:00"]), ("2027-01-04 08:00:00.000001", ["10:00", "11:00"])],
)
def test_the_notice_counts_to_the_instant_and_its_end_is_inside(now, starts):
    open_hours = schedule("mon 09:00-12:00", notice=60)
    assert clock(listed(open_hours, 60, MONDAY, 1, now=now)) == starts


def test_less_than_the_notice_is_too_soon():
    open_hours = schedule("mon 09:00-12:00", notice=61)
    assert why(open_hours, 60, "2027-01-04 09:00", now="2027-01-04 08:00") is Reason.TOO_SOON


def test_the_horizon_counts_to_the_instant_and_its_end_is_inside():
    open_hours = schedule("every 09:00-12:00", horizon=2)
    slots = listed(open_hours, 60, MONDAY, 30, now="2027-01-04 10:00")
    assert slots[-1].starts_at == utc("2027-01-06 10:00")
    assert why(open_hours, 60, "2027-01-06 11:00", now="2027-01-04 10:00") is Reason.TOO_FAR_AHEAD


def test_a_listing_far_beyond_the_calendar_is_only_empty():
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert offered(OFFICE, 60, [], utc(MONDAY), last - timedelta(days=2), last) == []
    assert offered(OFFICE, 60, [], utc(MONDAY), first, utc(MONDAY)) == []
    assert refusal(OFFICE, 60, [], utc(MONDAY), datetime.max.replace(tzinfo=UTC)) is Reason.TOO_FAR_AHEAD


def test_a_mentor_who_accepts_nothing_offers_nothing():
    closed = schedule("mon 09:00-12:00", accepting=False)
    assert listed(closed, 60, MONDAY, 1) == []
    assert why(closed, 60, "2027-01-04 09:00") is Reason.NOT_ACCEPTING


# Work


def test_who_is_booked_twenty_times_as_often_costs_little_more():
    always = schedule("every 00:00-23:45", timezone="Europe/Paris", buffer=10)
    busy = [Span(utc(MONDAY) + timedelta(hours=3 * n), utc(MONDAY) + timedelta(hours=3 * n + 1)) for n in range(200)]
    assert len(listed(always, 60, MONDAY, 31, busy=busy)) > 100
    assert calls_of_a_month(always, busy) < 2 * calls_of_a_month(always, busy[:10])


def calls_of_a_month(open_hours, busy) -> int:
    """Count the calls and returns that listing a month takes: unlike its time, it is the same on every machine."""
    counted = itertools.count()
    sys.setprofile(lambda *_: next(counted))
    try:
        listed(open_hours, 60, MONDAY, 31, busy=busy)
    finally:
        sys.setprofile(None)
    return next(counted)
