"""An attempt is written before the gateway is asked, and whatever becomes of the call, money has a row to come home to.

MONEY.md: a create call whose answer was lost leaves an attempt `unknown`; nobody has seen its link, so a new attempt
may be opened; if the orphan is paid all the same, its own webhook brings the money home.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.factories.payments import WALLET
from tests.patience import eventually
from tests.payments.conftest import Configure
from tests.payments.steps import book_with_two_links, capture_unheard, die_in_the_create_call, rescue
from tests.payments.world import API, World


def test_the_attempt_stands_in_the_database_while_the_gateway_is_being_asked(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.gateway.order("delay", seconds=3600, on="create")
    with ThreadPoolExecutor(1) as worker:
        opened = worker.submit(world.drain)
        eventually(lambda: world.gateway.get("/faults").json()["items"][0]["hits"])
        assert world.attempt(payment_id).create_calls == 1
        assert world.payment(payer, payment_id)["status"] == "initiating"
        assert world.payment(payer, payment_id)["pay_url"] is None
        world.end_faults()
        opened.result()
    assert world.payment(payer, payment_id)["pay_url"]


def test_a_payer_gets_a_link_to_a_payment_of_just_this_amount_to_us(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_001)
    link = world.link(payment_id)

    shown = world.payment(payer, payment_id)
    assert (shown["status"], shown["pay_url"]) == ("awaiting_payer", link)
    at_gateway = world.gateway.listed(link)
    assert (at_gateway["order_id"], at_gateway["amount"], at_gateway["token"]) == (payment_id, 45_001, "TND")
    assert at_gateway["receiver_wallet"] == WALLET


def test_the_link_of_a_booking_lives_as_long_as_its_slot_is_held(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    link = world.link(booking["payment"]["id"])

    minutes = world.scalar("SELECT extract(epoch FROM expires_at - created_at) / 60 FROM payment")
    assert minutes == 15
    assert world.gateway.listed(link)["expires_at"] <= world.payment(payer, booking["payment"]["id"])["expires_at"]


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("error_500", {}),
        ("error_500_after_success", {}),
        ("timeout_after_success", {}),
        ("not_json", {}),
        ("huge_answer", {"megabytes": 2}),
        ("drip", {"seconds": 0.05}),
    ],
)
def test_a_lost_answer_leaves_the_attempt_unknown_and_a_new_link_may_be_asked(
    world: World, configure: Configure, fault: str, fields: dict[str, object]
) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    lost = booking["payment"]["id"]
    world.gateway.order(fault, on="create", order_id=lost, count=None, **fields)
    ask_impatiently(world, configure)
    assert (world.payment(payer, lost)["status"], world.payment(payer, lost)["pay_url"]) == ("unknown", None)

    again = world.post(payer, f"/bookings/{booking['id']}/payments")
    assert again.status_code == 201, again.text
    assert again.headers["Location"] == f"{API}/payments/{again.json['id']}"
    world.pay(world.link(again.json["id"]))

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.wallet(payer) == (0, 0, 0)
    world.check_books()


def ask_impatiently(world: World, configure: Configure) -> None:
    """Let the workers work with a gateway that has a second for each answer."""
    configure(GATEWAY_TOTAL_SECONDS=1)
    world.drain()
    configure(GATEWAY_TOTAL_SECONDS=180)


def test_an_orphan_that_is_paid_while_its_order_is_open_pays_the_booking(world: World, configure: Configure) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    lost = booking["payment"]["id"]
    world.gateway.order("timeout_after_success", order_id=lost)
    ask_impatiently(world, configure)
    assert world.attempt(lost).status == "unknown"
    (orphan,) = eventually(lambda: world.gateway.get("/konnect/payments", order_id=lost).json()["items"])
    world.pay(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={orphan['payment_ref']}")

    assert world.attempt(lost).status == "captured"
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_an_orphan_that_is_paid_after_the_new_attempt_brings_its_money_into_the_wallet(world: World) -> None:
    payer, booking, orphan, second = book_with_two_links(world)
    world.pay(str(world.attempt(second).pay_url))
    world.pay(orphan)

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_second_link_is_taken_back_when_the_orphan_has_paid(world: World) -> None:
    payer, booking, orphan, second = book_with_two_links(world)
    link = str(world.attempt(second).pay_url)
    world.pay(orphan)

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.payment(payer, second)["status"] == "cancelled"
    assert world.payment(payer, second)["pay_url"] is None, "nobody should be asked to pay a second time"
    world.pay(link)  # from a tab that was still open
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


@pytest.mark.parametrize("paid", ["unseen", "shown"])
def test_a_worker_killed_inside_the_create_call_leaves_an_attempt_that_gets_its_link(world: World, paid: str) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    die_in_the_create_call(payment_id)
    rescue()

    shown = world.link(payment_id)
    links = [
        item["payment_ref"] for item in world.gateway.get("/konnect/payments", order_id=payment_id).json()["items"]
    ]
    assert len(links) == 2, "the gateway was asked twice"
    (unseen,) = [ref for ref in links if ref not in shown]
    world.pay(shown if paid == "shown" else f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={unseen}")

    assert world.wallet(payer) == (45_000, 0, 0)
    assert world.payment(payer, payment_id)["status"] == "captured"
    world.check_books()


@pytest.mark.parametrize("refusal", ["redirect", "not found"])
def test_a_refused_payment_fails_and_the_back_office_is_told(world: World, configure: Configure, refusal: str) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    if refusal == "redirect":
        world.gateway.order("redirect", on="create")
    else:
        configure(KONNECT_BASE_URL=f"{world.gateway.sandbox.url}/nothing/here")
    world.drain()

    assert world.payment(payer, payment_id)["status"] == "failed"
    assert world.events("PaymentFailed") == 1


def test_a_gateway_that_asks_us_to_wait_is_asked_again_no_sooner_than_it_said(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.gateway.order("rate_limited", seconds=3600, on="create")
    world.drain(hurry=False)
    wait = world.scalar("SELECT extract(epoch FROM available_at - now()) FROM delivery WHERE state = 'retry'")
    assert 3_000 < wait <= 3_601
    assert world.payment(payer, payment_id)["status"] == "initiating"

    world.pay(world.link(payment_id))
    assert world.wallet(payer) == (45_000, 0, 0)


def test_a_gateway_that_cannot_be_reached_is_asked_again(world: World, configure: Configure) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    configure(KONNECT_BASE_URL="http://127.0.0.1:1/konnect/api/v2")
    world.drain(hurry=False)
    assert world.payment(payer, payment_id)["status"] == "initiating"

    configure(KONNECT_BASE_URL=world.gateway.sandbox.konnect_url)
    assert world.link(payment_id)


def test_an_attempt_whose_call_never_came_through_ends_with_its_time(world: World, configure: Configure) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    configure(KONNECT_BASE_URL="http://127.0.0.1:1/konnect/api/v2")
    world.drain()
    assert world.scalar("SELECT count(*) FROM delivery WHERE state = 'dead' AND task LIKE '%open_checkout'") == 1
    configure(KONNECT_BASE_URL=world.gateway.sandbox.konnect_url)

    world.advance(seconds=15 * 60)
    assert world.booking(payer, booking["id"])["status"] == "expired"
    assert world.payment(payer, booking["payment"]["id"])["status"] == "unknown"


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_no_link_is_asked_for_an_order_that_was_given_up(world: World, end: str) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    if end == "cancelled":
        assert world.cancel(payer, booking["id"]).status_code == 200
    else:
        world.advance_without_workers(seconds=15 * 60)
    world.drain()

    assert world.gateway.get("/konnect/payments").json()["items"] == []
    assert world.payment(payer, booking["payment"]["id"])["status"] == end


def test_no_second_attempt_while_one_lives(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    for _ in range(2):  # before and after the link has come
        refused = world.post(payer, f"/bookings/{booking['id']}/payments")
        assert (refused.status_code, refused.json["code"]) == (409, "payment_still_open")
        world.drain()


def test_no_new_attempt_for_an_order_whose_money_has_come_and_waits_to_be_used(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    capture_unheard(world, booking)
    refused = world.post(payer, f"/bookings/{booking['id']}/payments")
    assert (refused.status_code, refused.json["code"]) == (409, "order_not_open")
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"


def test_no_new_attempt_for_an_order_that_is_over(world: World, configure: Configure) -> None:
    payer, offer = world.person(), world.offer()
    bookings = {end: world.book(payer, offer, slot) for slot, end in enumerate(("confirmed", "cancelled", "expired"))}
    for booking in bookings.values():
        world.gateway.order("error_500", on="create", order_id=booking["payment"]["id"])
    world.drain()
    again = world.post(payer, f"/bookings/{bookings['confirmed']['id']}/payments").json["id"]
    world.pay(world.link(again))
    world.cancel(payer, bookings["cancelled"]["id"])
    world.advance_without_workers(seconds=15 * 60)

    for booking in bookings.values():  # the expired one by the clock alone: no sweep has seen it
        refused = world.post(payer, f"/bookings/{booking['id']}/payments")
        assert (refused.status_code, refused.json["code"]) == (409, "order_not_open")


def test_only_the_learner_gets_a_new_link(world: World) -> None:
    payer, offer = world.person(), world.offer()
    booking = world.book(payer, offer)
    for other in (world.person(), offer.mentor):
        refused = world.post(other, f"/bookings/{booking['id']}/payments")
        assert (refused.status_code, refused.json["code"]) == (404, "not_found")
