"""POST /bookings: what can be booked, what it costs the wallet at once, and what is refused (API §4)."""

from __future__ import annotations

from datetime import timedelta, timezone
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest

from app.infra.db import session_scope
from tests.booking.world import API, HOUR, World, read, refusal, written
from tests.factories.booking import give_money
from tests.factories.identity import token_for


def test_a_slot_is_held_while_it_is_paid(world: World) -> None:
    mentor, learner = world.mentor(), world.person(name="Lina Gharbi")
    offering = world.offer(mentor, price=33_337)
    starts_at = world.slot(offering)

    answer = world.book(learner, offering, starts_at, note="About indexes.\nAnd locks.")

    assert answer.status_code == HTTPStatus.CREATED
    booking = answer.json
    assert answer.headers["Location"] == f"{API}/bookings/{booking['id']}"
    price = {"amount": 33_337, "currency": "TND", "formatted": "33.337 TND"}
    nothing = {"amount": 0, "currency": "TND", "formatted": "0.000 TND"}
    assert booking == {
        "id": booking["id"],
        "status": "awaiting_payment",
        "mentor": {"id": str(mentor.id), "name": "Mounir Trabelsi", "picture_url": None},
        "learner": {"id": str(learner.id), "name": "Lina Gharbi", "picture_url": None},
        "offering": {"id": str(offering.id), "title": "One hour", "duration_minutes": 60},
        "starts_at": starts_at,
        "ends_at": written(read(starts_at) + HOUR),
        "note": "About indexes.\nAnd locks.",
        "price": price,
        "order": {
            "id": booking["order"]["id"], "status": "open", "amount": price, "amount_paid": nothing,
            "from_wallet": nothing,
        },
        "payment": {
            "id": booking["payment"]["id"], "status": "initiating", "pay_url": None,
            "expires_at": booking["payment"]["expires_at"],
        },
        "meeting_url": None,
        "escrow": None,
        "cancelled_by": None,
        "reason": None,
        "problem": None,
        "created_at": booking["created_at"],
    }  # fmt: skip
    assert read(booking["payment"]["expires_at"]) - read(booking["created_at"]) == timedelta(minutes=15)
    assert starts_at not in world.slots(offering)
    assert world.booking(learner, booking) == world.booking(mentor, booking) == booking


def test_paid_at_the_gateway_it_is_confirmed_and_the_money_lies_in_escrow(world: World) -> None:
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)

    world.pay(booking)

    confirmed = world.booking(learner, booking)
    assert (confirmed["status"], confirmed["order"]["status"]) == ("confirmed", "paid")
    assert confirmed["payment"]["status"] == "captured"
    assert confirmed["order"]["amount_paid"]["amount"] == 45_000
    assert (confirmed["escrow"]["status"], confirmed["escrow"]["amount"]["amount"]) == ("funded", 45_000)
    assert world.wallet(learner) == (0, 0, 0)


def test_wallet_money_is_used_first_and_the_rest_is_asked_of_the_gateway(world: World) -> None:
    learner, offering = world.person(money=10_001), world.offer(price=33_337)

    booking = world.booked(learner, offering)

    assert booking["order"]["from_wallet"]["amount"] == booking["order"]["amount_paid"]["amount"] == 10_001
    assert world.wallet(learner) == (0, 10_001, 0)
    payment = world.get(learner, f"/payments/{booking['payment']['id']}")
    assert payment["amount"]["amount"] == 33_337 - 10_001
    world.pay(booking)
    assert world.booking(learner, booking)["escrow"]["amount"]["amount"] == 33_337
    assert world.wallet(learner) == (0, 0, 0)


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_wallet_that_covers_the_price_confirms_at_once(world: World, beyond: int) -> None:
    learner, offering = world.person(money=45_000 + beyond), world.offer()

    booking = world.booked(learner, offering)

    assert (booking["status"], booking["order"]["status"], booking["payment"]) == ("confirmed", "paid", None)
    assert booking["escrow"]["status"] == "funded"
    assert world.wallet(learner) == (beyond, 0, 0)
    assert world.events("BookingConfirmed") == 1


def test_a_free_session_needs_no_money_and_no_escrow(world: World) -> None:
    learner, offering = world.person(), world.offer(price=0)

    booking = world.booked(learner, offering)

    assert (booking["status"], booking["order"]["status"]) == ("confirmed", "paid")
    assert (booking["payment"], booking["escrow"], booking["price"]["amount"]) == (None, None, 0)
    world.pass_until(booking["ends_at"])
    assert world.booking(learner, booking)["status"] == "completed"
    world.pass_time(timedelta(hours=24))
    closed = world.booking(learner, booking)
    assert (closed["status"], closed["escrow"]) == ("closed", None)
    assert world.scalar("SELECT count(*) FROM ledger.txn") == 0


def test_price_and_length_are_those_of_the_moment_of_booking(world: World) -> None:
    mentor, learner = world.mentor(), world.person()
    offering = world.offer(mentor)
    booking = world.booked(learner, offering)

    changes = {"title": "Half an hour", "duration_minutes": 30, "price": {"amount": 1, "currency": "TND"}}
    path = f"{API}/mentors/me/offerings/{offering.id}"
    assert world.client.patch(path, json=changes, headers=token_for(mentor)).status_code == HTTPStatus.OK

    assert world.booking(learner, booking) == booking


# Whom and when


def test_nobody_books_themselves(world: World) -> None:
    mentor = world.mentor()
    assert refusal(world.book(mentor, world.offer(mentor))) == (409, "own_session")


def test_a_mentor_may_book_another_mentor(world: World) -> None:
    assert world.book(world.mentor(), world.offer()).status_code == HTTPStatus.CREATED


def test_an_offering_that_does_not_exist_cannot_be_booked(world: World) -> None:
    body = {"offering_id": str(uuid4()), "starts_at": "2027-01-04T09:00:00Z"}
    assert refusal(world.post(world.person(), "/bookings", body)) == (404, "not_found")


def test_a_retired_offering_cannot_be_booked_and_shows_no_slots(world: World) -> None:
    mentor, learner = world.mentor(), world.person()
    offering = world.offer(mentor)
    starts_at = world.slot(offering)
    kept = world.booked(learner, offering, starts_at)

    gone = world.client.delete(f"{API}/mentors/me/offerings/{offering.id}", headers=token_for(mentor))

    assert gone.status_code == HTTPStatus.NO_CONTENT
    assert world.slots(offering) == []
    assert refusal(world.book(learner, offering, written(read(starts_at) + HOUR))) == (409, "slot_not_offered")
    assert world.booking(learner, kept) == kept


def test_a_mentor_who_takes_no_bookings_cannot_be_booked_and_shows_no_slots(world: World) -> None:
    mentor, learner = world.mentor(), world.person()
    offering = world.offer(mentor)
    starts_at = world.slot(offering)

    world.client.patch(f"{API}/mentors/me", json={"accepting_bookings": False}, headers=token_for(mentor))

    assert world.slots(offering) == []
    assert refusal(world.book(learner, offering, starts_at)) == (409, "mentor_not_accepting")


@pytest.mark.parametrize(
    ("settings", "after"),
    [
        ({"min_notice_minutes": 0}, -2 * HOUR),  # in the past
        ({"min_notice_minutes": 120}, 2 * HOUR),  # too soon
        ({"horizon_days": 1}, 26 * HOUR),  # too far ahead
        ({}, 48.5 * HOUR),  # off the grid
        ({}, timedelta(days=2, microseconds=1)),
        ({"rules": ()}, 48 * HOUR),  # outside the hours
    ],
    ids=["past", "too soon", "too far", "half past", "a microsecond past", "closed"],
)
def test_a_time_that_is_not_offered_is_refused_and_nothing_is_left(
    world: World, settings: dict[str, Any], after: timedelta
) -> None:
    offering, learner = world.offer(world.mentor(**settings)), world.person(money=1)
    last_full_hour = world.now().replace(minute=0, second=0, microsecond=0)

    answer = world.book(learner, offering, written(last_full_hour + after))

    assert refusal(answer) == (409, "slot_not_offered")
    assert world.scalar("SELECT count(*) FROM booking") == world.scalar("SELECT count(*) FROM payment_order") == 0
    assert world.wallet(learner) == (1, 0, 0)


def test_a_start_may_be_told_in_any_offset(world: World) -> None:
    learner, offering = world.person(), world.offer()
    starts_at = world.slot(offering)
    in_kathmandu = read(starts_at).astimezone(timezone(timedelta(hours=5, minutes=45)))

    booking = world.booked(learner, offering, in_kathmandu.isoformat())

    assert booking["starts_at"] == starts_at


def test_a_slot_that_somebody_has_is_taken_whatever_its_length(world: World) -> None:
    mentor = world.mentor()
    hour, quarter = world.offer(mentor), world.offer(mentor, minutes=15)
    starts_at = world.slot(hour)
    world.booked(world.person(), hour, starts_at)

    for minutes in (0, 15, 45):
        inside = written(read(starts_at) + timedelta(minutes=minutes))
        assert refusal(world.book(world.person(), quarter, inside)) == (409, "slot_taken")
    for minutes in (-15, 60):
        beside = written(read(starts_at) + timedelta(minutes=minutes))
        assert world.book(world.person(), quarter, beside).status_code == HTTPStatus.CREATED


def test_the_buffer_keeps_sessions_apart(world: World) -> None:
    mentor = world.mentor(buffer_minutes=15)
    hour, quarter = world.offer(mentor), world.offer(mentor, minutes=15)
    starts_at = world.slot(hour)
    world.booked(world.person(), hour, starts_at)

    for minutes in (-15, 60):
        beside = written(read(starts_at) + timedelta(minutes=minutes))
        assert beside not in world.slots(quarter)
        assert refusal(world.book(world.person(), quarter, beside)) == (409, "slot_taken")
    for minutes in (-30, 75):
        apart = written(read(starts_at) + timedelta(minutes=minutes))
        assert world.book(world.person(), quarter, apart).status_code == HTTPStatus.CREATED


def test_a_learner_cannot_be_in_two_sessions_at_once(world: World) -> None:
    learner, one, other = world.person(), world.offer(), world.offer(minutes=30)
    starts_at = world.slot(one)
    world.booked(learner, one, starts_at)

    for minutes in (0, 30):
        inside = written(read(starts_at) + timedelta(minutes=minutes))
        assert refusal(world.book(learner, other, inside)) == (409, "learner_busy")
    assert world.book(learner, other, written(read(starts_at) + HOUR)).status_code == HTTPStatus.CREATED


@pytest.mark.parametrize("ended", ["cancelled", "expired"])
def test_a_slot_that_is_given_up_can_be_booked_by_the_same_learner(world: World, ended: str) -> None:
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    if ended == "cancelled":
        world.cancel(learner, booking)
    else:
        world.pass_time(timedelta(minutes=16))
    assert world.booking(learner, booking)["status"] == ended

    assert booking["starts_at"] in world.slots(offering)
    assert world.book(learner, offering, booking["starts_at"]).status_code == HTTPStatus.CREATED


# The limit of unpaid bookings


def test_a_learner_has_three_unpaid_bookings_at_most(world: World) -> None:
    learner, offering = world.person(), world.offer()
    slots = world.slots(offering, begin=world.now() + 48 * HOUR)
    first, *_ = [world.booked(learner, offering, starts_at) for starts_at in slots[:3]]

    assert refusal(world.book(learner, offering, slots[3])) == (409, "too_many_unpaid")

    assert slots[3] in world.slots(offering)
    world.cancel(learner, first)
    assert world.book(learner, offering, slots[3]).status_code == HTTPStatus.CREATED


def test_what_is_confirmed_at_once_is_not_unpaid(world: World) -> None:
    learner, mentor = world.person(), world.mentor()
    dear, cheap, free = (world.offer(mentor, price=price) for price in (45_000, 100, 0))
    slots = world.slots(dear, begin=world.now() + 48 * HOUR)
    for starts_at in slots[:3]:
        world.booked(learner, dear, starts_at)
    with session_scope() as session:
        give_money(session, learner, 100)

    assert world.booked(learner, free, slots[3])["status"] == "confirmed"
    assert world.booked(learner, cheap, slots[4])["status"] == "confirmed"


def test_unpaid_bookings_past_their_deadline_do_not_count_even_before_a_sweep_has_seen_them(world: World) -> None:
    learner, offering = world.person(), world.offer()
    slots = world.slots(offering, begin=world.now() + 48 * HOUR)
    for starts_at in slots[:3]:
        world.booked(learner, offering, starts_at)
    world.pass_time_asleep(timedelta(minutes=16))

    assert world.book(learner, offering, slots[-1]).status_code == HTTPStatus.CREATED


# The deadline


def test_unpaid_it_expires_and_slot_and_wallet_money_are_free(world: World) -> None:
    learner, offering = world.person(money=10_000), world.offer()
    booking = world.booked(learner, offering)
    world.pass_time(timedelta(minutes=5))
    assert world.booking(learner, booking)["status"] == "awaiting_payment"

    world.pass_time(timedelta(minutes=11))

    expired = world.booking(learner, booking)
    assert (expired["status"], expired["order"]["status"], expired["escrow"]) == ("expired", "closed", None)
    assert world.wallet(learner) == (10_000, 0, 0)


def test_a_slot_past_its_deadline_is_listed_and_booked_before_a_sweep_has_seen_it(world: World) -> None:
    first, second, offering = world.person(), world.person(), world.offer()
    held = world.booked(first, offering)
    world.pass_time_asleep(timedelta(minutes=16))

    assert held["starts_at"] in world.slots(offering)
    assert world.book(second, offering, held["starts_at"]).status_code == HTTPStatus.CREATED
    assert world.booking(first, held)["status"] == "expired"


def test_a_session_that_begins_soon_is_paid_before_it_begins(world: World) -> None:
    learner, offering = world.person(), world.offer(world.mentor(min_notice_minutes=0), minutes=5)
    starts_at = world.slots(offering, begin=world.now())[1]

    booking = world.booked(learner, offering, starts_at)

    assert booking["payment"]["expires_at"] == starts_at


# What is sent with it


WRONG = [
    ({"note": "x" * 2001}, "/note"),
    ({"note": None}, "/note"),
    ({"note": 7}, "/note"),
    ({"offering_id": "7"}, "/offering_id"),
    ({"offering_id": None}, "/offering_id"),
    ({"starts_at": "2027-01-04 09:00"}, "/starts_at"),
    ({"starts_at": "2027-01-04T09:00:00"}, "/starts_at"),
    ({"starts_at": "2027-01-04"}, "/starts_at"),
    ({"starts_at": "9999-12-31T23:59:59Z"}, "/starts_at"),
    ({"starts_at": "0001-01-01T00:00:00+14:00"}, "/starts_at"),
    ({"starts_at": 1_800_000_000}, "/starts_at"),
    ({"price": 1}, "/price"),
]


def test_a_wrong_field_is_refused_and_named(world: World, subtests: pytest.Subtests) -> None:
    learner = world.person()
    body = {"offering_id": str(uuid4()), "starts_at": "2027-01-04T09:00:00Z"}
    for changes, pointer in WRONG:
        with subtests.test(str(changes)[:40]):
            answer = world.post(learner, "/bookings", body | changes)
            assert refusal(answer) == (422, "invalid_input")
            assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_a_note_may_be_long_and_in_any_script(world: World) -> None:
    note = ("مرحبا بك — 你好 🎓 <b>&amp;</b>\n" * 100)[:2000]
    answer = world.book(world.person(), world.offer(), note=note)
    assert answer.json["note"] == note


# Idempotency keys


def test_the_same_key_books_once_and_tells_the_same_again(world: World) -> None:
    learner, offering = world.person(), world.offer()
    starts_at = world.slot(offering)

    first, again = (world.book(learner, offering, starts_at, key="once") for _ in range(2))

    assert (first.status_code, first.text, first.headers["Location"]) == (
        again.status_code, again.text, again.headers["Location"],
    )  # fmt: skip
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_key_belongs_to_its_body_and_to_its_owner(world: World) -> None:
    learner, other, offering = world.person(), world.person(), world.offer()
    first, second = world.slots(offering)[:2]
    world.book(learner, offering, first, key="once")

    assert refusal(world.book(learner, offering, second, key="once")) == (422, "idempotency_key_reused")
    assert world.book(other, offering, second, key="once").status_code == HTTPStatus.CREATED


def test_a_refusal_changed_nothing_and_may_be_tried_again_with_its_key(world: World) -> None:
    first, second, offering = world.person(), world.person(), world.offer()
    booking = world.booked(first, offering)
    assert refusal(world.book(second, offering, booking["starts_at"], key="try")) == (409, "slot_taken")
    world.cancel(first, booking)

    assert world.book(second, offering, booking["starts_at"], key="try").status_code == HTTPStatus.CREATED
