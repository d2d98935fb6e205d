"""Money that comes when nobody waits for it any more: it is never lost, and never takes what is somebody else's.

MONEY.md: a capture for an order that is closed goes to the payer's deposit, without an earmark; an expired booking
whose slot is still free and ahead is taken up again, else it is `paid_late`; a cancelled one stays cancelled.
"""

from __future__ import annotations

import pytest

from tasks import maintenance
from tests.payments.steps import book_with_two_links
from tests.payments.world import World

MINUTES = 60
LINK = 15 * MINUTES


@pytest.mark.parametrize("how", ["late click", "late fault"])
def test_an_expired_booking_whose_slot_is_free_is_taken_up_again(world: World, how: str) -> None:
    payer = world.rich_person(10_000)
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    world.advance(seconds=LINK)
    assert world.booking(payer, booking["id"])["status"] == "expired"
    assert world.payment(payer, booking["payment"]["id"])["status"] == "expired"
    assert world.wallet(payer) == (10_000, 0, 0), "what was held is free at once"

    if how == "late fault":
        world.gateway.order("late_payment")
    world.pay(link, **({"late": "1"} if how == "late click" else {}))
    found = world.booking(payer, booking["id"])
    assert (found["status"], found["order"]["status"], found["escrow"]["status"]) == ("confirmed", "paid", "funded")
    assert world.payment(payer, booking["payment"]["id"])["status"] == "captured"
    assert world.wallet(payer) == (0, 0, 0)
    assert world.events("PaymentCapturedLate") == 1
    world.check_books()


def test_a_booking_whose_slot_was_taken_is_paid_late_and_its_money_in_the_wallet(world: World) -> None:
    payer, offer = world.person(), world.offer(price=45_000)
    booking = world.book(payer, offer)
    link = world.link(booking["payment"]["id"])
    world.advance(seconds=LINK)
    winner = world.book(world.rich_person(45_000), offer)
    assert winner["status"] == "confirmed"
    world.pay(link, late="1")

    found = world.booking(payer, booking["id"])
    assert (found["status"], found["order"]["status"], found["escrow"]) == ("paid_late", "closed", None)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_learner_who_has_another_session_by_then_is_not_booked_twice(world: World) -> None:
    payer, first, second = world.person(), world.offer(price=45_000), world.offer(price=0)
    booking = world.book(payer, first)
    link = world.link(booking["payment"]["id"])
    world.advance(seconds=LINK)
    assert world.book(payer, second)["starts_at"] == booking["starts_at"]
    world.pay(link, late="1")
    assert world.booking(payer, booking["id"])["status"] == "paid_late"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_session_whose_time_has_come_is_not_taken_up_again(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    world.advance(seconds=LINK)
    world.advance(seconds=2 * 86_400)
    world.pay(link, late="1")
    assert world.booking(payer, booking["id"])["status"] == "paid_late"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_wallet_part_that_was_spent_meanwhile_is_missing(world: World) -> None:
    payer = world.rich_person(10_000)
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    world.advance(seconds=LINK)
    world.book(payer, world.offer(price=10_000), slot=3)
    world.pay(link, late="1")
    assert world.booking(payer, booking["id"])["status"] == "paid_late"
    assert world.wallet(payer) == (35_000, 0, 0)
    world.check_books()


def test_a_cancelled_booking_stays_cancelled_and_its_money_is_in_the_wallet(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    assert world.cancel(payer, booking["id"]).status_code == 200
    world.drain()
    assert world.payment(payer, booking["payment"]["id"])["status"] == "cancelled"
    assert world.payment(payer, booking["payment"]["id"])["pay_url"] is None
    world.pay(link)

    assert world.booking(payer, booking["id"])["status"] == "cancelled"
    assert world.payment(payer, booking["payment"]["id"])["status"] == "captured"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_money_for_a_cancelled_booking_is_found_without_a_webhook_until_a_day_after_its_link(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    world.cancel(payer, booking["id"])
    world.drain()
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    world.advance(seconds=6)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_part_that_comes_late_is_the_payers_and_the_rest_may_still_take_the_booking_up_again(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    world.pay(link, partial="10000")
    world.advance(seconds=LINK)
    assert world.wallet(payer) == (10_000, 0, 0)
    world.pay(link, late="1", partial="20000")
    assert world.wallet(payer) == (30_000, 0, 0)
    assert world.booking(payer, booking["id"])["status"] == "expired"
    world.pay(link, late="1")
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_paying_an_expired_booking_a_second_time_fills_the_wallet(world: World) -> None:
    """Two attempts of one order, both paid after it expired: the first takes it up again, the second is late money."""
    payer, booking, unseen, second = book_with_two_links(world)
    shown = str(world.attempt(second).pay_url)
    world.advance(seconds=LINK)
    for link in (shown, unseen):
        world.pay(link, late="1")

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_link_that_still_lives_is_taken_back_when_late_money_takes_the_booking_up_again(world: World) -> None:
    payer, booking, unseen, second = book_with_two_links(world)
    world.advance_without_workers(seconds=LINK)
    maintenance.expire_bookings()
    assert world.booking(payer, booking["id"])["status"] == "expired"
    assert world.payment(payer, second)["status"] == "awaiting_payer", "it ends when its gateway was asked, not before"
    world.pay(unseen, late="1")

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    found = world.payment(payer, second)
    assert (found["status"], found["pay_url"]) == ("cancelled", None)
    world.check_books()
