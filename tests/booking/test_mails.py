"""What the two people of a session are written, each in their own time zone, through a real mail server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.kernel.zones import zone
from tests.booking.world import HOUR, World, read
from tests.factories.identity import MadeUser

PLACES = ("Africa/Tunis", "Pacific/Auckland")


def inbox(world: World, user: MadeUser) -> list[dict[str, Any]]:
    """Return the mails of somebody, the oldest first."""
    found = httpx.get(f"{world.outside.url}/mailbox", params={"to": user.email}, trust_env=False)
    return list(reversed(found.json()["items"]))


def subjects(world: World, user: MadeUser) -> list[str]:
    return [mail["subject"] for mail in inbox(world, user)]


@pytest.fixture
def pair(world: World) -> tuple[MadeUser, MadeUser]:
    """A mentor in Tunis, and a learner in Auckland, where it is another day half of the time."""
    learner = world.person(name="Lina <Gharbi> & Söhne", timezone=PLACES[1], money=45_000)
    with_mentor = world.mentor(name="Mounir Trabelsi", timezone=PLACES[0])
    return with_mentor, learner


def test_both_are_told_of_a_confirmed_session_each_on_their_own_clock(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor))
    world.drain()

    starts_at = read(booking["starts_at"])
    for reader, other in ((mentor, learner), (learner, mentor)):
        (mail,) = inbox(world, reader)
        assert mail["subject"] == "Confirmed: One hour"
        local = starts_at.astimezone(zone(reader.timezone))
        assert f"{local:%A %d %B %Y at %H:%M}" in mail["text"]
        assert reader.timezone in mail["text"]
        assert f"Hello {reader.name}," in mail["text"]
        assert other.name in mail["text"]
    assert "Lina &lt;Gharbi&gt; &amp; Söhne" in inbox(world, mentor)[0]["html"]


def test_nobody_is_written_while_a_booking_waits_for_its_payment(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor, price=45_001))
    world.drain()
    assert inbox(world, mentor) == inbox(world, learner) == []

    world.pay(booking)

    assert subjects(world, mentor) == subjects(world, learner) == ["Confirmed: One hour"]


def test_both_are_told_of_a_cancelled_session_and_why(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor))
    world.drain()

    world.cancel(mentor, booking)
    world.drain()

    for reader in pair:
        mail = inbox(world, reader)[-1]
        assert mail["subject"] == "Session cancelled: One hour"
        assert "I changed my mind." in mail["text"]
        assert f"{read(booking['starts_at']).astimezone(zone(reader.timezone)):%H:%M}" in mail["text"]


def test_a_mentor_who_never_heard_of_a_session_does_not_hear_of_its_end(world: World, pair: Any) -> None:
    mentor, learner = pair
    offering = world.offer(mentor, price=45_001)
    world.cancel(learner, world.booked(learner, offering))
    world.booked(learner, offering)
    world.pass_time(timedelta(minutes=16))

    assert subjects(world, learner) == ["Session cancelled: One hour", "Session not paid in time: One hour"]
    assert inbox(world, mentor) == []


def test_a_learner_whose_money_came_too_late_is_told_where_it_is(world: World, pair: Any) -> None:
    mentor, learner = pair
    offering = world.offer(mentor, price=45_001)
    booking = world.booked(learner, offering)
    world.pass_time(timedelta(minutes=16))
    world.booked(world.person(), offering, booking["starts_at"])

    world.pay(booking)

    assert subjects(world, learner) == ["Session not paid in time: One hour", "Your payment came late: One hour"]
    assert "wallet" in inbox(world, learner)[-1]["text"]
    assert inbox(world, mentor) == []


def test_both_are_told_when_late_money_brings_a_session_back(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor, price=45_001))
    world.pass_time(timedelta(minutes=16))

    world.pay(booking)

    assert subjects(world, learner) == ["Session not paid in time: One hour", "Confirmed: One hour"]
    assert subjects(world, mentor) == ["Confirmed: One hour"]


def test_the_mentor_is_told_of_the_money_and_of_none_for_a_free_session(world: World, pair: Any) -> None:
    mentor, learner = pair
    paid = world.booked(learner, world.offer(mentor))
    world.drain()  # what is over is confirmed to nobody any more
    world.pass_until(paid["ends_at"], 25 * HOUR)
    assert subjects(world, mentor) == ["Confirmed: One hour", "Paid: One hour"]
    assert subjects(world, learner) == ["Confirmed: One hour"]

    free = world.booked(learner, world.offer(mentor, price=0))
    world.drain()
    world.pass_until(free["ends_at"], 25 * HOUR)

    assert subjects(world, mentor)[2:] == ["Confirmed: One hour"]


def test_both_are_told_how_a_dispute_ended_in_the_learners_favour(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor))
    world.report(learner, booking)
    world.drain()

    world.resolve(world.person("support"), booking, "return")
    world.drain()

    for reader in pair:
        mail = inbox(world, reader)[-1]
        assert mail["subject"] == "Session cancelled: One hour"
        assert "We looked into it." in mail["text"]


def test_a_session_cancelled_before_anybody_was_told_is_not_announced(world: World, pair: Any) -> None:
    mentor, learner = pair
    world.cancel(learner, world.booked(learner, world.offer(mentor)))
    world.drain()

    assert subjects(world, learner) == ["Session cancelled: One hour"]


def test_whatever_somebody_writes_arrives_as_it_was_written(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor))
    world.drain()
    reason = "Sorry.\n.\nQUIT\nSubject: none <script>alert(1)</script> مرحبا 🎓 " + "long " * 150

    world.post(learner, f"/bookings/{booking['id']}/cancel", {"reason": reason.strip()})
    world.drain()

    mail = inbox(world, mentor)[-1]
    assert mail["subject"] == "Session cancelled: One hour"
    assert reason.strip() in mail["text"].replace("\r\n", "\n")
    assert "<script>" not in mail["html"]
