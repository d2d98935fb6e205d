"""Time: a booking expires by the clock, an attempt only after the gateway was asked, and neither waits for the other.

A webhook may never come, so every attempt is looked at: 5, 15, 60 s after its link was made, then every 5 minutes until
a day after its link has expired (DESIGN §4).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from app.infra.db import session_scope
from app.payments import handlers
from app.payments import service as payments
from app.payments.service.polls import BATCH
from tasks import maintenance
from tests.factories.payments import tnd
from tests.payments.conftest import Configure
from tests.payments.steps import capture_unheard
from tests.payments.world import World

LINK = 15 * 60


def looks(world: World) -> int:
    return world.events("PollDue")


def test_a_payment_whose_webhook_never_comes_is_found(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    link = world.link(booking["payment"]["id"])
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "awaiting_payment"
    world.advance(seconds=5)
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.attempt(booking["payment"]["id"]).next_poll_at is None
    world.check_books()


def test_an_attempt_is_looked_at_less_and_less_often(world: World) -> None:
    payment_id, before = world.top_up(world.person(), 45_000), world.now()
    world.link(payment_id)
    for count, wait in enumerate((timedelta(seconds=n) for n in (5, 15, 60, 300, 300)), start=1):
        due = world.attempt(payment_id).next_poll_at
        assert due is not None
        assert before <= due - wait <= world.now()
        world.advance(seconds=wait.seconds // 2)
        assert looks(world) == count - 1
        before = world.now()
        world.advance(seconds=wait.seconds)
        assert looks(world) == count


def test_an_attempt_is_looked_at_at_its_expiry_and_for_a_day_after_it(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    for _ in range(3):
        world.advance(seconds=100)  # now five minutes lie between two looks
    world.advance(seconds=LINK - 300 - 240)
    before = world.attempt(payment_id)
    assert before.next_poll_at == before.expires_at
    world.advance(seconds=240)
    assert world.payment(payer, payment_id)["status"] == "expired"
    world.advance(seconds=86_400 - 240)  # the last look but one
    assert world.attempt(payment_id).next_poll_at is not None
    world.gateway.order("no_webhook")
    world.click(link, pings=0, late="1")
    world.advance(seconds=300)

    assert world.wallet(payer) == (45_000, 0, 0)
    assert world.attempt(payment_id).next_poll_at is None
    world.check_books()


def test_the_looks_end(world: World) -> None:
    payment_id = world.top_up(world.person(), 45_000)
    world.link(payment_id)
    world.advance(seconds=LINK + 86_400 + 1)
    assert world.attempt(payment_id).next_poll_at is None
    seen = looks(world)
    world.advance(seconds=86_400)
    assert looks(world) == seen


def test_an_attempt_does_not_expire_before_the_gateway_was_asked(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    payment_id = booking["payment"]["id"]
    world.link(payment_id)
    world.gateway.order("error_500", on="fetch", count=None)
    world.advance(seconds=LINK)
    assert world.booking(payer, booking["id"])["status"] == "expired", "the booking waits for nobody"
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"

    world.end_faults()
    world.advance(seconds=300)
    assert world.payment(payer, payment_id)["status"] == "expired"
    world.check_books()


def test_an_attempt_that_nobody_could_ask_about_ends_with_the_looks(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    world.gateway.order("error_500", on="fetch", count=None)
    world.advance(seconds=LINK + 86_400 - 240)
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer", "it will be looked at once more"
    world.advance(seconds=300)

    shown = world.payment(payer, payment_id)
    assert (shown["status"], shown["pay_url"]) == ("unknown", None)
    assert world.attempt(payment_id).next_poll_at is None
    assert world.events("PaymentUnclear") == 1, "the back office is told"
    world.end_faults()
    world.pay(link, late="1")
    assert world.payment(payer, payment_id)["status"] == "captured"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_polls_of_a_gateway_that_cannot_be_asked_do_not_pile_up(world: World) -> None:
    """Each is tried a few times, and left to the next one: nobody need decide about any of them."""
    payment_id = world.top_up(world.person(), 45_000)
    link = world.link(payment_id)
    world.gateway.order("error_500", on="fetch", count=None)
    for _ in range(12):
        world.advance(seconds=300)
    assert looks(world) == 12
    assert world.scalar("SELECT max(attempts) FROM delivery WHERE task = 'tasks.payments.settle'") == 3
    assert world.scalar("SELECT count(*) FROM delivery WHERE state <> 'done' AND task = 'tasks.payments.settle'") == 0

    world.end_faults()
    world.gateway.order("no_webhook")
    world.click(link, pings=0, late="1")
    world.advance(seconds=300)
    assert world.attempt(payment_id).status == "captured"
    world.check_books()


def test_nobody_is_sent_to_look_where_somebody_is_on_the_way(world: World) -> None:
    """The workers are away for an hour: one look waits for them, and the next is due when it is done."""
    payment_id = world.top_up(world.person(), 45_000)
    world.link(payment_id)
    for _ in range(12):
        world.advance_without_workers(seconds=300)
        maintenance.poll_payments()
    assert looks(world) == 1
    world.drain()
    maintenance.poll_payments()
    assert looks(world) == 2
    world.drain()
    assert world.attempt(payment_id).status == "expired"


def test_a_last_look_that_fails_once_is_tried_again(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    world.gateway.order("error_500", on="fetch", count=2)
    world.advance(seconds=LINK + 86_400 + 1)
    assert world.payment(payer, payment_id)["status"] == "expired"


def test_a_last_look_at_what_had_ended_is_a_dead_letter_when_nobody_answers(world: World) -> None:
    payment_id = world.top_up(world.person(), 45_000)
    world.link(payment_id)
    world.advance(seconds=LINK)
    world.gateway.order("error_500", on="fetch", count=None)
    world.advance(seconds=86_400)
    assert (world.attempt(payment_id).status, world.attempt(payment_id).next_poll_at) == ("expired", None)
    assert world.scalar("SELECT count(*) FROM delivery WHERE state = 'dead' AND task = 'tasks.payments.settle'") == 1


def test_an_attempt_that_ended_while_nobody_answered_keeps_its_end(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    payment_id = UUID(booking["payment"]["id"])
    world.link(str(payment_id))
    assert world.cancel(payer, booking["id"]).status_code == 200
    world.drain()
    with session_scope() as session:
        payments.record_silence(session, payment_id)
    assert (world.attempt(str(payment_id)).status, world.events("PaymentUnclear")) == ("cancelled", 0)


def test_a_look_from_before_the_expiry_does_not_expire_an_attempt_after_it(world: World) -> None:
    """The link may have been paid between the look and its record."""
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    with session_scope() as session:
        wanted = payments.prepare_look(session, UUID(payment_id), None)
    assert wanted is not None
    record = handlers.look_at(wanted, tries=1)
    assert record is not None
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    world.advance_without_workers(seconds=LINK)
    with session_scope() as session:
        record(session)
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"
    maintenance.poll_payments()
    world.drain()
    assert world.payment(payer, payment_id)["status"] == "captured"
    world.check_books()


def test_an_attempt_that_was_paid_just_before_the_end_is_captured_at_its_expiry(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    link = world.link(booking["payment"]["id"])
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    world.advance(seconds=LINK)  # the sweep expires the booking, the look finds the money, and it is taken up again
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_pending_is_never_failure(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    link = world.link(booking["payment"]["id"])
    for _ in range(2):
        assert world.gateway.click(link, "fail").status_code == 200
        world.advance(seconds=20)
    assert world.payment(payer, booking["payment"]["id"])["status"] == "awaiting_payer"
    world.pay(link)
    assert world.booking(payer, booking["id"])["status"] == "confirmed"


def test_a_capture_that_the_booking_has_not_heard_of_is_not_expired(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    capture_unheard(world, booking)
    world.advance_without_workers(seconds=LINK)
    maintenance.expire_bookings()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_a_capture_that_the_booking_has_not_heard_of_is_not_given_up_for_another_one(world: World) -> None:
    payer, offer = world.person(), world.offer(price=45_000)
    booking = world.book(payer, offer)
    capture_unheard(world, booking)
    world.advance_without_workers(seconds=LINK)
    other = world.post(world.person(), "/bookings", {"offering_id": str(offer.id), "starts_at": offer.starts[0]})
    assert (other.status_code, other.json["code"]) == (409, "slot_taken")
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_one_sweep_has_all_looked_at_that_are_due(world: World) -> None:
    payer = world.person()
    with session_scope() as session:
        for _ in range(2 * BATCH + 1):
            payments.open_top_up(session, payer.id, tnd(45_000))
    world.advance_without_workers(seconds=LINK)
    maintenance.poll_payments()
    assert looks(world) == 2 * BATCH + 1


def test_two_sweeps_at_once_look_once(world: World) -> None:
    world.link(world.top_up(world.person(), 45_000))
    world.advance_without_workers(seconds=5)
    with session_scope() as one, session_scope() as two:
        assert sorted(payments.record_due_polls(session) for session in (one, two)) == [0, 1]


@pytest.mark.parametrize("minutes", [10, 120])
def test_how_long_a_link_lives_is_a_setting(world: World, configure: Configure, minutes: int) -> None:
    configure(PAY_LINK_MINUTES=minutes)
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    world.advance(seconds=minutes * 60 // 2)
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"
    world.advance(seconds=minutes * 60 // 2)
    assert world.payment(payer, payment_id)["status"] == "expired"
    assert world.gateway.click(link).status_code == 410
