"""Slots where the clock leaps, repeats itself, or stands at odd minutes; and for people who live elsewhere."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.booking.slots import Reason, offered, refusal
from app.kernel.zones import zone
from tests.booking.schedules import clock, listed, local_starts, schedule, utc

LEAP, FALL = "2027-03-27 12:00", "2027-10-30 12:00"  # the days before, of Paris: 02:00 to 03:00, and 03:00 to 02:00


def paris(hours: str, start: str, minutes: int = 30) -> list[str]:
    return local_starts(listed(schedule(hours, timezone="Europe/Paris"), minutes, start, 2), "Europe/Paris")


# The hour that is left out


def test_hours_inside_the_missing_hour_yield_nothing():
    assert paris("sun 02:15-02:45", LEAP) == []
    assert paris("sun 02:00-03:00", LEAP) == []


def test_hours_that_begin_in_the_missing_hour_begin_with_the_leap():
    assert paris("sun 02:30-04:00", LEAP) == ["Sun 03:00+02:00", "Sun 03:30+02:00"]


def test_hours_that_end_in_the_missing_hour_end_with_the_leap():
    assert paris("sun 01:00-02:30", LEAP) == ["Sun 01:00+01:00", "Sun 01:30+01:00"]


def test_the_day_of_the_leap_has_23_hours():
    assert len(paris("sun 00:00-24:00", LEAP, 60)) == 23


# The hour that comes twice


def test_hours_that_the_clock_repeats_are_offered_twice():
    twice = ["Sun 02:00+02:00", "Sun 02:30+02:00", "Sun 02:00+01:00", "Sun 02:30+01:00"]
    assert paris("sun 02:00-03:00", FALL) == twice


def test_a_start_that_comes_twice_is_the_first():
    assert paris("sun 02:30-03:30", FALL)[0] == "Sun 02:30+02:00"


def test_an_end_that_comes_twice_is_the_second():
    assert paris("sun 01:30-02:30", FALL)[-1] == "Sun 02:00+01:00"


def test_an_end_that_only_touches_the_repeated_hour_comes_once():
    assert paris("sun 01:00-02:00", FALL) == ["Sun 01:00+02:00", "Sun 01:30+02:00"]


def test_two_rules_that_meet_in_the_repeated_hour_offer_each_start_once():
    both = schedule("sun 01:00-02:30", "sun 02:30-04:00", timezone="Europe/Paris")
    slots = listed(both, 30, FALL, 1)
    assert len(slots) == len(set(slots)) == 8


def test_the_day_of_the_fall_has_25_hours():
    assert len(paris("sun 00:00-24:00", FALL, 60)) == 25


@pytest.mark.parametrize("start", ["2027-10-31 00:30", "2027-10-31 01:30"])
def test_both_times_of_the_repeated_hour_can_be_booked(start):
    night = schedule("sun 02:00-03:00", timezone="Europe/Paris")
    assert refusal(night, 30, [], utc(FALL), utc(start)) is None


def test_a_start_told_on_the_mentors_own_clock_is_the_same_instant():
    night = schedule("sun 02:30-03:15", timezone="Europe/Paris")
    on_the_clock = utc("2027-10-31 00:30").astimezone(zone("Europe/Paris"))  # adding an hour to it would add two
    assert refusal(night, 60, [], utc(FALL), on_the_clock) is None


def test_the_hour_that_was_left_out_cannot_be_booked_as_the_one_after():
    night = schedule("sun 02:15-02:45", timezone="Europe/Paris")
    assert refusal(night, 30, [], utc(LEAP), utc("2027-03-28 01:15")) is Reason.OUTSIDE_HOURS


# Midnight itself


def test_where_midnight_is_missing_the_evening_goes_on_after_the_leap():
    night = schedule("thu 22:00-24:00", "fri 00:00-03:00", timezone="Africa/Cairo")
    starts = local_starts(listed(night, 60, "2027-04-29 12:00", 1), "Africa/Cairo")
    assert starts == ["Thu 22:00+02:00", "Thu 23:00+02:00", "Fri 01:00+03:00", "Fri 02:00+03:00"]


def test_where_the_last_hour_of_the_day_comes_twice_it_is_offered_twice():
    evening = schedule("thu 22:00-24:00", timezone="Africa/Cairo")
    starts = local_starts(listed(evening, 60, "2027-10-28 12:00", 1), "Africa/Cairo")
    assert starts == ["Thu 22:00+03:00", "Thu 23:00+03:00", "Thu 23:00+02:00"]


def test_where_the_first_hour_of_the_day_comes_twice_the_day_before_ends_in_time():
    evening = schedule("sat 22:00-24:00", timezone="America/Havana")
    starts = local_starts(listed(evening, 60, "2027-11-06 12:00", 1), "America/Havana")
    assert starts == ["Sat 22:00-04:00", "Sat 23:00-04:00"]


@pytest.mark.parametrize("hours", ["sat 22:30-23:50", "sat 23:00-24:00", "sun 00:00-01:00"])
def test_where_a_date_comes_back_after_midnight_what_is_listed_can_be_booked(hours):
    night = schedule(hours, timezone="America/St_Johns")  # in 2010 Sunday 00:01 fell back to Saturday 23:01
    slots = listed(night, 30, "2010-11-06 12:00", 1)
    assert len(slots) == 4
    assert [refusal(night, 30, [], utc("2010-11-06 12:00"), slot.starts_at) for slot in slots] == [None] * 4


# Odd offsets


def test_a_leap_of_half_an_hour_keeps_the_distance_of_slots():
    night = schedule("sun 01:00-04:00", timezone="Australia/Lord_Howe")
    slots = listed(night, 60, "2027-10-02 12:00", 1)
    assert local_starts(slots, "Australia/Lord_Howe") == ["Sun 01:00+10:30", "Sun 02:30+11:00"]
    assert all(slot.ends_at - slot.starts_at == timedelta(hours=1) for slot in slots)


@pytest.mark.parametrize(("place", "start"), [("Asia/Kathmandu", "03:15"), ("Asia/Kolkata", "03:30")])
def test_the_grid_stands_on_the_mentors_clock_not_on_the_hours_of_utc(place, start):
    assert clock(listed(schedule("mon 09:00-10:00", timezone=place), 60, "2027-01-04 00:00", 1)) == [start]


def test_a_day_that_a_place_left_out_has_no_slots():
    samoa = schedule("every 09:00-11:00", timezone="Pacific/Apia")
    days = [slot.starts_at.astimezone(zone("Pacific/Apia")).day for slot in listed(samoa, 120, "2011-12-29 10:00", 3)]
    assert days == [29, 31, 1]


# Over the year, over the world


@pytest.mark.parametrize("place", ["Africa/Cairo", "America/Santiago", "Australia/Lord_Howe", "Europe/Paris"])
def test_nine_in_the_morning_stays_nine_in_the_morning_through_the_year(place):
    slots = listed(schedule("every 09:00-10:00", timezone=place), 60, "2027-01-01 00:00", 365, now="2027-01-01 00:00")
    assert len(slots) == 365
    assert {slot.starts_at.astimezone(zone(place)).strftime("%H:%M") for slot in slots} == {"09:00"}


@pytest.mark.parametrize("viewer", ["Pacific/Pago_Pago", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_the_days_of_a_viewer_anywhere_miss_no_slot_and_repeat_none(viewer):
    open_hours = schedule("every 20:00-24:00", "every 00:00-03:00", timezone="Australia/Sydney")
    now = utc("2027-03-30 00:00")
    midnights = [datetime(2027, 4, 1, tzinfo=zone(viewer)) + timedelta(days=n) for n in range(31)]
    by_day = [slot for begin, end in pairwise(midnights) for slot in offered(open_hours, 45, [], now, begin, end)]
    assert by_day == offered(open_hours, 45, [], now, midnights[0], midnights[-1])


@pytest.mark.parametrize("place", ["Australia/Sydney", "America/Los_Angeles", "UTC"])
def test_the_time_zone_of_the_process_changes_nothing(place, monkeypatch):
    night = schedule("every 22:00-24:00", "every 00:00-03:00", timezone="Europe/Paris")
    before = listed(night, 30, "2027-10-25 00:00", 14)
    monkeypatch.setitem(os.environ, "TZ", place)
    time.tzset()
    try:
        assert listed(night, 30, "2027-10-25 00:00", 14) == before
        assert all(slot.starts_at.tzinfo is UTC for slot in before)
    finally:
        monkeypatch.undo()
        time.tzset()
