"""What the two people of a session are told, each in their own time zone: in their inbox, and by a real mail server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.kernel.zones import zone
from tests.booking.world import HOUR, World, read
from tests.factories.identity import MadeUser

PLACES = ("Africa/Tunis", "Pacific/Auckland")


def mails(world: World, user: MadeUser) -> list[dict[str, Any]]:
    """Return the mails of somebody, the oldest first."""
    found = httpx.get(f"{world.outside.url}/mailbox", params={"to": user.email}, trust_env=False)
    return list(reversed(found.json()["items"]))


def subjects(world: World, user: MadeUser) -> list[str]:
    return [mail["subject"] for mail in mails(world, user)]


def inbox(world: World, user: MadeUser) -> list[dict[str, Any]]:
    """Return the messages of somebody, the oldest first."""
    return list(reversed(world.get(user, "/notifications")["items"]))


def last(world: World, user: MadeUser) -> str:
    """Return the text of the last mail, once it is seen that the inbox says the same, and names nobody."""
    mail, message = mails(world, user)[-1], inbox(world, user)[-1]
    assert message["message"] in mail["text"]
    assert mail["subject"].startswith(message["title"])
    assert "Lina" not in message["message"]
    assert "Mounir" not in message["message"]
    return str(mail["text"])


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
        (mail,) = mails(world, reader)
        assert mail["subject"] == "Confirmed: One hour"
        local = starts_at.astimezone(zone(reader.timezone))
        assert f"on {local:%A} {local.day} {local:%B %Y at %H:%M} ({reader.timezone}) is confirmed." in mail["text"]
        assert f"Hello {reader.name}," in mail["text"]
        assert other.name in mail["text"]
    assert "Lina &lt;Gharbi&gt; &amp; Söhne" in mails(world, mentor)[0]["html"]


def test_nobody_is_written_while_a_booking_waits_for_its_payment(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor, price=45_001))
    world.drain()
    assert mails(world, mentor) == mails(world, learner) == []

    world.pay(booking)

    assert subjects(world, mentor) == subjects(world, learner) == ["Confirmed: One hour"]


def test_each_is_told_what_it_costs_or_earns_and_what_can_still_be_done(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor), note="Bring a plan.")
    world.drain()

    until = (read(booking["starts_at"]) - 24 * HOUR).astimezone(zone(learner.timezone))
    assert "Price: 45.000 TND" in last(world, learner)
    assert f"You may cancel it until {until:%A} {until.day} {until:%B %Y at %H:%M}" in last(world, learner)
    assert "You earn: 38.250 TND" in last(world, mentor)
    assert "Bring a plan." in last(world, mentor)
    for reader in pair:
        assert f"/bookings/{booking['id']}" in last(world, reader)
        assert inbox(world, reader)[-1]["related"] == {"kind": "booking", "id": booking["id"]}


def test_who_books_at_the_last_moment_is_told_that_there_is_no_way_back(world: World, pair: Any) -> None:
    mentor, learner = pair
    offering = world.offer(mentor)
    world.booked(learner, offering, world.slot(offering, ahead=2 * HOUR))
    world.drain()
    assert "cannot be cancelled any more" in last(world, learner)


def test_both_are_told_of_a_cancelled_session_why_and_where_the_money_is(world: World, pair: Any) -> None:
    mentor, learner = pair
    offering = world.offer(mentor)
    for who, told in (
        (mentor, ("was cancelled by the mentor. 45.000 TND is back in your wallet.", "You cancelled your session")),
        (learner, ("You cancelled your session", "was cancelled by the learner. 45.000 TND went back")),
    ):
        booking = world.booked(learner, offering)
        world.drain()
        world.cancel(who, booking)
        world.drain()

        for reader, words in ((learner, told[0]), (mentor, told[1])):
            assert words in last(world, reader)
            assert "I changed my mind." in last(world, reader)
            assert f"{read(booking['starts_at']).astimezone(zone(reader.timezone)):%H:%M}" in last(world, reader)
            assert mails(world, reader)[-1]["subject"] == "Session cancelled: One hour"


def test_a_mentor_who_never_heard_of_a_session_does_not_hear_of_its_end(world: World, pair: Any) -> None:
    mentor, learner = pair
    offering = world.offer(mentor, price=45_001)
    world.cancel(learner, world.booked(learner, offering))
    world.drain()
    assert "whatever you had paid of it is in your wallet" in last(world, learner)
    world.booked(learner, offering)
    world.pass_time(timedelta(minutes=16))

    assert subjects(world, learner) == ["Session cancelled: One hour", "Session not paid in time: One hour"]
    assert "its slot is free again" in last(world, learner)
    assert mails(world, mentor) == inbox(world, mentor) == []


def test_a_learner_whose_money_came_too_late_is_told_where_it_is(world: World, pair: Any) -> None:
    mentor, learner = pair
    offering = world.offer(mentor, price=45_001)
    booking = world.booked(learner, offering)
    world.pass_time(timedelta(minutes=16))
    world.booked(world.person(), offering, booking["starts_at"])

    world.pay(booking)

    assert subjects(world, learner) == ["Session not paid in time: One hour", "Your payment came late: One hour"]
    asked = booking["payment"]["id"]
    amount = world.get(learner, f"/payments/{asked}")["amount"]["formatted"]
    assert f"{amount} came too late" in last(world, learner)
    assert "The money is in your wallet" in last(world, learner)
    assert mails(world, mentor) == inbox(world, mentor) == []


def test_a_learner_is_told_of_money_that_comes_after_the_cancel(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor, price=45_001))
    world.cancel(learner, booking)
    world.drain()

    world.pay(booking)

    assert subjects(world, learner) == ["Session cancelled: One hour", "Your payment came late: One hour"]
    assert "which was cancelled. The money is in your wallet" in last(world, learner)


def test_both_are_told_when_late_money_brings_a_session_back(world: World, pair: Any) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor, price=45_001))
    world.pass_time(timedelta(minutes=16))

    world.pay(booking)

    assert subjects(world, learner) == ["Session not paid in time: One hour", "Confirmed: One hour"]
    assert subjects(world, mentor) == ["Confirmed: One hour"]


def test_a_learner_is_told_until_when_to_complain_and_the_mentor_when_the_money_came(world: World, pair: Any) -> None:
    mentor, learner = pair
    paid = world.booked(learner, world.offer(mentor))
    world.drain()  # what is over is confirmed to nobody any more
    world.pass_until(paid["ends_at"])
    until = (read(paid["ends_at"]) + 24 * HOUR).astimezone(zone(learner.timezone))
    assert f"Report it by {until:%A} {until.day} {until:%B %Y at %H:%M}" in last(world, learner)
    world.pass_until(paid["ends_at"], 25 * HOUR)
    assert subjects(world, mentor) == ["Confirmed: One hour", "Paid: One hour"]
    assert subjects(world, learner) == ["Confirmed: One hour", "Session held: One hour"]
    assert "38.250 TND for your session" in last(world, mentor)
    assert "Our fee: 6.750 TND" in last(world, mentor)


def test_nobody_is_written_about_money_that_a_free_session_does_not_cost(world: World, pair: Any) -> None:
    mentor, learner = pair
    free = world.booked(learner, world.offer(mentor, price=0))
    world.drain()
    world.pass_until(free["ends_at"])
    world.pass_until(free["ends_at"], 25 * HOUR)
    assert subjects(world, mentor) == subjects(world, learner) == ["Confirmed: One hour"]
    assert "TND" not in last(world, mentor) + last(world, learner)


@pytest.mark.parametrize(
    ("outcome", "to_learner", "to_mentor"),
    [
        ("return", "45.000 TND is back in your wallet.", "45.000 TND went back to the learner."),
        ("release", "The money went to the mentor.", "38.250 TND is in your wallet."),
    ],
)
def test_both_are_told_of_a_problem_and_how_it_was_decided(
    world: World, pair: Any, outcome: str, to_learner: str, to_mentor: str
) -> None:
    mentor, learner = pair
    booking = world.booked(learner, world.offer(mentor))
    world.drain()
    world.report(learner, booking)
    world.drain()
    for reader in pair:
        assert mails(world, reader)[-1]["subject"] == "Problem reported: One hour"
        assert "45.000 TND stays where it is" in last(world, reader)
        assert "Nobody came." in last(world, reader)

    world.resolve(world.person("support"), booking, outcome)
    world.drain()

    for reader, words in ((learner, to_learner), (mentor, to_mentor)):
        assert mails(world, reader)[-1]["subject"] == "Problem decided: One hour"
        assert words in last(world, reader)
        assert "We looked into it." in last(world, reader)
        withdrawn = [file["filename"] for file in mails(world, reader)[-1]["attachments"]]
        assert withdrawn == (["invite.ics"] if outcome == "return" else [])


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

    mail = mails(world, mentor)[-1]
    assert mail["subject"] == "Session cancelled: One hour"
    assert reason.strip() in mail["text"].replace("\r\n", "\n")
    assert "<script>" not in mail["html"]
