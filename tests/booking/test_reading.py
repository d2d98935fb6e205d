"""GET /bookings and GET /bookings/{id}: who sees what, in which order, page by page (API §1, §4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest

from tests.booking.world import API, HOUR, World, refusal
from tests.factories.identity import MadeUser, token_for

DAY = 24 * HOUR


def walk(world: World, user: MadeUser, **query: Any) -> Iterator[str]:
    """Yield the ids of a list, page after page."""
    cursor: dict[str, str] = {}
    while True:
        page = world.get(user, "/bookings", **query, **cursor)
        assert len(page["items"]) <= query.get("limit", 50)
        yield from (item["id"] for item in page["items"])
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


# One booking


def test_its_two_people_and_support_see_a_booking_and_nobody_else(world: World) -> None:
    mentor, learner = world.mentor(), world.person()
    booking = world.booked(learner, world.offer(mentor))

    for reader in (mentor, learner, world.person("support"), world.person("admin")):
        assert world.booking(reader, booking) == booking
    for stranger in (world.person(), world.mentor(), world.person("finance")):
        answer = world.client.get(f"{API}/bookings/{booking['id']}", headers=token_for(stranger))
        assert refusal(answer) == (404, "not_found")
    assert refusal(world.client.get(f"{API}/bookings/{booking['id']}")) == (401, "unauthenticated")


@pytest.fixture
def waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the header of a reader who waits for ever: that there is an answer tells that something changed."""
    monkeypatch.setattr("app.web.waiting.MAX_SECONDS", 3_600)
    return {"Prefer": "wait=3600"}


def test_a_reader_who_waits_is_answered_as_soon_as_the_booking_changes(
    world: World, waits_for_ever: dict[str, str]
) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    paying = threading.Timer(0.5, world.pay, [booking])

    paying.start()
    answer = world.client.get(f"{API}/bookings/{booking['id']}", headers=token_for(learner) | waits_for_ever)
    paying.join()

    assert answer.headers["Preference-Applied"] == "wait=3600"
    assert answer.json["status"] == "confirmed"


def test_a_reader_who_waits_is_told_of_the_pay_link(world: World, waits_for_ever: dict[str, str]) -> None:
    learner = world.person()
    booking = world.booked(learner, world.offer())
    asking = threading.Timer(0.3, world.drain)

    asking.start()
    answer = world.client.get(f"{API}/bookings/{booking['id']}", headers=token_for(learner) | waits_for_ever)
    asking.join()

    assert answer.json["payment"]["status"] == "awaiting_payer"
    assert answer.json["payment"]["pay_url"].startswith(world.outside.url)


def test_a_reader_who_waits_in_vain_is_answered_in_time(world: World) -> None:
    learner = world.person(money=45_000)
    booking = world.booked(learner, world.offer())

    began = time.monotonic()
    headers = token_for(learner) | {"Prefer": "wait=1"}
    answer = world.client.get(f"{API}/bookings/{booking['id']}", headers=headers)

    assert answer.json == booking
    assert time.monotonic() - began >= 1


# Lists


@pytest.fixture
def crowd(world: World) -> tuple[MadeUser, MadeUser, list[dict[str, Any]]]:
    """A learner with five sessions, one for each of the coming days, the second cancelled; two days have passed."""
    mentor, learner = world.mentor(), world.person(money=100_000)
    offering = world.offer(mentor, price=1_000)
    days = [world.slots(offering, begin=world.now() + n * DAY)[0] for n in (3, 1, 5, 2, 4)]
    made = sorted((world.booked(learner, offering, day) for day in days), key=lambda one: one["starts_at"])
    world.booked(world.person(money=1_000), offering, world.slots(offering)[-1])  # somebody else's
    world.cancel(mentor, made[1])
    world.pass_until(made[1]["ends_at"])
    return mentor, learner, made


def test_lists_are_by_role_by_time_and_by_state(world: World, crowd: Any) -> None:
    mentor, learner, made = crowd
    ids = [one["id"] for one in made]

    def listed(user: MadeUser, **query: Any) -> list[str]:
        return [item["id"] for item in world.get(user, "/bookings", **query)["items"]]

    assert listed(learner) == listed(learner, role="learner") == ids[::-1]
    assert listed(learner, when="upcoming") == ids[2:]
    assert listed(learner, when="past") == [ids[1], ids[0]]
    assert listed(learner, status="cancelled") == [ids[1]]
    assert listed(learner, status="closed", when="past") == [ids[0]]
    assert listed(learner, status="expired") == []
    assert listed(learner, role="mentor") == []
    assert listed(mentor) == []
    assert listed(mentor, role="mentor", when="upcoming")[:3] == ids[2:]
    assert len(listed(mentor, role="mentor")) == 6


def test_a_session_that_is_on_is_upcoming_until_it_ends(world: World) -> None:
    learner = world.person(money=45_000)
    booking = world.booked(learner, world.offer())
    world.pass_until(booking["starts_at"])
    assert len(world.get(learner, "/bookings", when="upcoming")["items"]) == 1
    assert world.get(learner, "/bookings", when="past")["items"] == []

    world.pass_time(HOUR)

    assert world.get(learner, "/bookings", when="upcoming")["items"] == []
    assert len(world.get(learner, "/bookings", when="past")["items"]) == 1


def test_pages_walk_through_the_whole_list_in_order(world: World, crowd: Any, subtests: pytest.Subtests) -> None:
    _, learner, made = crowd
    ids = [one["id"] for one in made]
    for limit in (1, 2, 5, 100):
        with subtests.test(limit=limit):
            assert list(walk(world, learner, limit=limit)) == ids[::-1]
            assert list(walk(world, learner, limit=limit, when="upcoming")) == ids[2:]
            assert list(walk(world, learner, limit=limit, when="past")) == [ids[1], ids[0]]


def test_sessions_that_begin_in_the_same_moment_are_all_listed(world: World) -> None:
    learner, offering = world.person(), world.offer()
    starts_at = world.slot(offering)
    for _ in range(4):
        world.cancel(learner, world.booked(learner, offering, starts_at))

    for when in ("upcoming", None):
        seen = list(walk(world, learner, limit=1, **({"when": when} if when else {})))
        assert len(seen) == len(set(seen)) == 4


def test_a_cursor_belongs_to_its_reader_and_its_question(world: World, crowd: Any, subtests: pytest.Subtests) -> None:
    mentor, learner, _ = crowd
    cursor = world.get(learner, "/bookings", limit=1, when="past")["next_cursor"]
    others = [
        (learner, {}), (learner, {"when": "upcoming"}), (learner, {"when": "past", "status": "cancelled"}),
        (learner, {"when": "past", "role": "mentor"}), (mentor, {"when": "past"}),
    ]  # fmt: skip
    for user, query in others:
        with subtests.test(str(query)):
            path = f"{API}/bookings"
            answer = world.client.get(path, query_string=query | {"cursor": cursor}, headers=token_for(user))
            assert refusal(answer) == (422, "invalid_input")
            assert answer.json["errors"][0]["pointer"] == "/cursor"
    wallet = world.client.get(f"{API}/wallet/transactions?cursor={cursor}", headers=token_for(learner))
    assert wallet.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_page_goes_on_where_it_ended_though_bookings_come_and_go(world: World, crowd: Any) -> None:
    _, learner, made = crowd
    page = world.get(learner, "/bookings", limit=2, when="upcoming")
    world.cancel(learner, made[4])
    free = world.offer(price=0)
    world.booked(learner, free, world.slots(free, begin=world.now() + timedelta(hours=2))[0])

    rest = world.get(learner, "/bookings", limit=2, when="upcoming", cursor=page["next_cursor"])["items"]

    assert [item["id"] for item in page["items"] + rest] == [one["id"] for one in made[2:]]


WRONG = ["role=admin", "when=now", "status=paid", "limit=0", "limit=101", "limit=", "limit=1.0", "cursor=", "cursor=x"]


def test_a_wrong_question_names_its_parameter(world: World, subtests: pytest.Subtests) -> None:
    learner = world.person()
    for wrong in WRONG:
        with subtests.test(wrong):
            answer = world.client.get(f"{API}/bookings?{wrong}", headers=token_for(learner))
            assert refusal(answer) == (422, "invalid_input")
            assert [error["pointer"] for error in answer.json["errors"]] == [f"/{wrong.split('=')[0]}"]
