"""GET /mentors/{id}/slots: the window, the reader's clock, and what is not listed (API §3)."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from app.mentors.service import OfferingView
from tests.booking.world import API, HOUR, World, read, refusal, written

DAY = 24 * HOUR


def ask(world: World, offering: OfferingView, **changes: Any) -> TestResponse:
    """Ask for a day of slots that begins in two days, changed."""
    begin = world.now() + 2 * DAY
    query = {"offering_id": str(offering.id), "from": written(begin), "to": written(begin + DAY)} | changes
    asked = {name: value for name, value in query.items() if value is not None}
    return world.client.get(f"{API}/mentors/{asked.pop('mentor_id', offering.mentor_id)}/slots", query_string=asked)


def test_slots_are_as_long_as_the_offering_and_told_in_utc(world: World) -> None:
    items = ask(world, world.offer(minutes=90)).json["items"]

    assert len(items) == 16
    assert all(item.keys() == {"starts_at", "ends_at"} for item in items)
    assert all(read(item["ends_at"]) - read(item["starts_at"]) == 1.5 * HOUR for item in items)
    assert all(item["starts_at"].endswith("Z") for item in items)
    assert items == sorted(items, key=lambda item: item["starts_at"])


def test_a_reader_may_have_the_local_time_too(world: World) -> None:
    items = ask(world, world.offer(), timezone="Asia/Kathmandu").json["items"]

    assert all(item["starts_at_local"].endswith("+05:45") for item in items)
    assert all(read(item["starts_at_local"]) == read(item["starts_at"]) for item in items)


def test_a_slot_belongs_to_the_window_in_which_it_begins(world: World) -> None:
    offering = world.offer()
    first = ask(world, offering).json["items"][0]["starts_at"]
    later = written(read(first) + HOUR)

    assert [item["starts_at"] for item in ask(world, offering, **{"from": first, "to": later}).json["items"]] == [first]
    just_after = written(read(first) + timedelta(microseconds=1))
    assert ask(world, offering, **{"from": just_after, "to": later}).json["items"] == []


def test_the_window_may_be_told_in_any_offset(world: World) -> None:
    offering = world.offer()
    begin = world.now() + 2 * DAY
    in_tunis = (begin + HOUR).replace(tzinfo=None).isoformat() + "+01:00"
    assert ask(world, offering, **{"from": in_tunis}).json == ask(world, offering, **{"from": written(begin)}).json


def test_nothing_is_listed_before_the_notice_or_beyond_the_horizon(world: World) -> None:
    offering = world.offer(world.mentor(min_notice_minutes=600, horizon_days=3))
    now = world.now()

    found = [read(starts_at) for starts_at in world.slots(offering, 30, now - 30 * DAY)]
    assert found == []
    found = [read(starts_at) for starts_at in world.slots(offering, 60, now - DAY)]
    assert found[0] >= now + 10 * HOUR
    asked = world.now()
    assert found[0] - HOUR < asked + 10 * HOUR
    assert now + 3 * DAY - HOUR < found[-1] <= asked + 3 * DAY


@pytest.mark.parametrize("changes", [{"offering_id": str(uuid4())}, {"mentor_id": uuid4()}], ids=["offering", "mentor"])
def test_what_does_not_exist_has_no_slots(world: World, changes: dict[str, Any]) -> None:
    assert refusal(ask(world, world.offer(), **changes)) == (404, "not_found")


def test_an_offering_of_another_mentor_is_not_found(world: World) -> None:
    assert refusal(ask(world, world.offer(), mentor_id=world.mentor().id)) == (404, "not_found")


def test_a_window_is_62_days_long_at_most_and_runs_forward(world: World) -> None:
    offering, begin = world.offer(), world.now()

    def window(length: timedelta) -> TestResponse:
        return ask(world, offering, **{"from": written(begin), "to": written(begin + length)})

    assert window(62 * DAY).status_code == HTTPStatus.OK
    for length in (62 * DAY + timedelta(microseconds=1), timedelta(0), -HOUR, 100 * 365 * DAY):
        answer = window(length)
        assert refusal(answer) == (422, "invalid_input")
        assert [error["pointer"] for error in answer.json["errors"]] == ["/to"]


ENDS_OF_TIME = [
    ("1970-01-01T00:00:00Z", "1970-02-01T00:00:00Z"),
    ("2200-12-01T00:00:00Z", "2200-12-31T23:59:59-12:00"),
]


def test_windows_at_the_ends_of_time_are_empty(world: World) -> None:
    offering = world.offer()
    for begin, end in ENDS_OF_TIME:
        assert ask(world, offering, **{"from": begin, "to": end}).json == {"items": []}
