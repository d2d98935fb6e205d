"""Time zones of the pinned tzdata wheel, and the one way in which a local wall time becomes an instant.

`ZoneInfo(name)` reads the machine's own files before the wheel (PEP 615), so two machines could disagree about
next spring. Here only the wheel is read. Nothing but this module turns local times into instants.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from app.kernel.errors import InvalidInput

_TZDATA = files("tzdata.zoneinfo")
_SECOND = timedelta(seconds=1)


class UnknownZone(InvalidInput):
    """Give a time zone of the IANA database by region and place, like Africa/Tunis, or UTC.

    In a browser, Intl.DateTimeFormat().resolvedOptions().timeZone gives it. Old names, like Asia/Calcutta, are
    taken for the present one; those of no place, like EST, are not.
    """

    code = "unknown_timezone"

    def __init__(self) -> None:
        """Point at the field, which has the same name everywhere."""
        super().__init__(pointer="/timezone")


def canonical(name: str) -> str:
    """Return the present name of the zone of a place; raise UnknownZone.

    Browsers still send old names (Asia/Calcutta): each becomes the one of its place today. Names that follow no
    place's law (EST, Etc/GMT+1) are refused.
    """
    present = _renamed().get(name, name)
    if present not in _places():
        raise UnknownZone
    return present


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone as the pinned wheel has it; raise UnknownZone, also for a path or nonsense."""
    with _TZDATA.joinpath(*canonical(name).split("/")).open("rb") as compiled:
        return ZoneInfo.from_file(compiled, key=canonical(name))


@cache
def _places() -> frozenset[str]:
    """Return the names of zone.tab (country, coordinates, name, remark), and UTC."""
    lines = _TZDATA.joinpath("zone.tab").read_text("utf-8").splitlines()
    return frozenset(line.split("\t")[2] for line in lines if not line.startswith("#")) | {"UTC"}


@cache
def _renamed() -> dict[str, str]:
    """Return old names with their present ones: the links of tzdata.zi ("L present old") that end at a place."""
    words = [line.split() for line in _TZDATA.joinpath("tzdata.zi").read_text("utf-8").splitlines()]
    links = ((line[2], line[1]) for line in words if line[0] == "L")
    return {old: present for old, present in links if "/" in old and old not in _places()}


def opens_at(local: datetime, where: ZoneInfo) -> datetime:
    """Return the first instant (UTC) whose local time is not before `local` (naive wall time).

    So a start that the clock repeats is the first of the two, and one that it leaves out is the moment of the leap.
    """
    first, second = _both_readings(local, where)
    return first if first <= second else _leap(second, first, local, where)


def closes_at(local: datetime, where: ZoneInfo) -> datetime:
    """Return the instant (UTC) after the last one whose local time is before `local` (naive wall time).

    So an end that the clock repeats is the second of the two, and one that it leaves out is the moment of the leap.
    An end that only touches the repeated hour is not repeated itself: what lies before it happened once, and
    Saturday's 24:00 stays the end of Saturday where the clock goes from 01:00 back to midnight.
    """
    first, second = _both_readings(local, where)
    if first > second:
        return _leap(second, first, local, where)
    return second if _wall(second - _SECOND, where) < local else first


def _both_readings(local: datetime, where: ZoneInfo) -> tuple[datetime, datetime]:
    """Return `local` by the offset before and after a change (PEP 495): equal on ordinary days, crossed in a gap."""
    before = local.replace(tzinfo=where, fold=0)
    return before.astimezone(UTC), before.replace(fold=1).astimezone(UTC)


def _leap(low: datetime, high: datetime, local: datetime, where: ZoneInfo) -> datetime:
    """Return the instant between the two at which the wall clock jumps over `local`."""
    seconds = range((high - low) // _SECOND)
    return low + bisect_left(seconds, local, key=lambda passed: _wall(low + passed * _SECOND, where)) * _SECOND


def _wall(instant: datetime, where: ZoneInfo) -> datetime:
    return instant.astimezone(where).replace(tzinfo=None)
