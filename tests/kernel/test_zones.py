"""Zones of the pinned tzdata, and what a local bound means where the clock leaps or repeats itself."""

from __future__ import annotations

import shutil
import zoneinfo
from datetime import datetime, timedelta
from importlib.resources import as_file, files

import pytest

from app.kernel.zones import UnknownZone, canonical, closes_at, opens_at, zone


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("name", ["Africa/Tunis", "Europe/Amsterdam", "America/Argentina/Buenos_Aires", "UTC"])
def test_the_name_of_a_place_is_kept(name):
    assert canonical(name) == name
    assert zone(name).key == name


@pytest.mark.parametrize(
    ("old", "present"),
    [("Asia/Calcutta", "Asia/Kolkata"), ("US/Eastern", "America/New_York"), ("Europe/Kiev", "Europe/Kyiv")],
)
def test_an_old_name_becomes_the_one_of_its_place_today(old, present):
    assert canonical(old) == present
    assert zone(old).key == present


@pytest.mark.parametrize(
    "name", ["", "EST", "Etc/GMT+1", "Etc/UTC", "GMT+1", "utc", "Mars/Olympus", "../tzdata/zones", "/etc/passwd",
             "Africa", "Africa/", "Africa/Tunis/", "Africa/Tunis\n"],
)  # fmt: skip
def test_anything_else_is_refused_and_the_field_is_named(name):
    with pytest.raises(UnknownZone) as refused:
        zone(name)
    assert refused.value.pointer == "/timezone"


def test_the_machines_own_time_zones_are_never_read(tmp_path):
    with as_file(files("tzdata.zoneinfo") / "Asia" / "Tokyo") as tokyo:
        (tmp_path / "Africa").mkdir()
        shutil.copy(tokyo, tmp_path / "Africa" / "Tunis")
    zone.cache_clear()
    zoneinfo.reset_tzpath([tmp_path])
    try:
        assert zoneinfo.ZoneInfo.no_cache("Africa/Tunis").utcoffset(at("2027-01-01")) == timedelta(hours=9)
        assert zone("Africa/Tunis").utcoffset(at("2027-01-01")) == timedelta(hours=1)
    finally:
        zoneinfo.reset_tzpath()


#: zone, local bound, first instant not before it, instant after the last one before it (both UTC)
BOUNDS = [
    ("Europe/Paris", "2027-06-01 09:00", "2027-06-01 07:00", "2027-06-01 07:00"),  # an ordinary day
    ("Europe/Paris", "2027-03-28 01:59", "2027-03-28 00:59", "2027-03-28 00:59"),  # 02:00 leaps to 03:00
    ("Europe/Paris", "2027-03-28 02:00", "2027-03-28 01:00", "2027-03-28 01:00"),
    ("Europe/Paris", "2027-03-28 02:30", "2027-03-28 01:00", "2027-03-28 01:00"),
    ("Europe/Paris", "2027-03-28 03:00", "2027-03-28 01:00", "2027-03-28 01:00"),
    ("Europe/Paris", "2027-03-28 03:01", "2027-03-28 01:01", "2027-03-28 01:01"),
    ("Europe/Paris", "2027-10-31 01:59", "2027-10-30 23:59", "2027-10-30 23:59"),  # 03:00 falls back to 02:00
    ("Europe/Paris", "2027-10-31 02:00", "2027-10-31 00:00", "2027-10-31 00:00"),
    ("Europe/Paris", "2027-10-31 02:01", "2027-10-31 00:01", "2027-10-31 01:01"),
    ("Europe/Paris", "2027-10-31 02:30", "2027-10-31 00:30", "2027-10-31 01:30"),
    ("Europe/Paris", "2027-10-31 03:00", "2027-10-31 02:00", "2027-10-31 02:00"),
    ("Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-02 15:30", "2027-10-02 15:30"),  # leaps by half an hour
    ("Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03 14:45", "2027-04-03 15:15"),  # falls by half an hour
    ("Africa/Cairo", "2027-04-30 00:00", "2027-04-29 22:00", "2027-04-29 22:00"),  # there is no midnight
    ("Africa/Cairo", "2027-10-29 00:00", "2027-10-28 22:00", "2027-10-28 22:00"),  # 24:00 falls back to 23:00
    ("Africa/Cairo", "2027-10-28 23:30", "2027-10-28 20:30", "2027-10-28 21:30"),
    ("Africa/Casablanca", "2026-02-15 02:30", "2026-02-15 01:30", "2026-02-15 02:30"),  # Ramadan begins …
    ("Africa/Casablanca", "2026-03-22 02:30", "2026-03-22 02:00", "2026-03-22 02:00"),  # … and ends, …
    ("Africa/Casablanca", "2027-02-07 02:30", "2027-02-07 02:30", "2027-02-07 02:30"),  # … for the last time
    ("America/Havana", "2027-11-07 00:00", "2027-11-07 04:00", "2027-11-07 04:00"),  # 01:00 falls back to midnight
    ("America/Havana", "2027-11-07 00:30", "2027-11-07 04:30", "2027-11-07 05:30"),
    ("Antarctica/Troll", "2027-03-28 02:59", "2027-03-28 01:00", "2027-03-28 01:00"),  # leaps by two hours
    ("Asia/Kathmandu", "2027-03-28 02:30", "2027-03-27 20:45", "2027-03-27 20:45"),
    ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00", "2011-12-30 10:00"),  # a day that never was
    ("America/St_Johns", "2010-11-07 00:00", "2010-11-07 02:30", "2010-11-07 03:30"),  # 00:01 falls back to 23:01
]


@pytest.mark.parametrize(("name", "local", "opens", "closes"), BOUNDS)
def test_a_local_bound_is_one_instant(name, local, opens, closes):
    assert opens_at(at(local), zone(name)).isoformat(" ", "minutes") == f"{opens}+00:00"
    assert closes_at(at(local), zone(name)).isoformat(" ", "minutes") == f"{closes}+00:00"
