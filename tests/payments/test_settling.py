"""The gateway's word is the truth: what it says was paid is posted once, earmarked, and funds what it was for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import pytest

from app.gateways.psp.base import PaymentStatus
from app.infra.db import session_scope
from app.infra.outbox import dead_letters
from app.ledger import accounts
from tests.patience import eventually
from tests.payments.conftest import Configure
from tests.payments.steps import capture_unheard, settle
from tests.payments.world import World


def test_a_top_up_lies_in_the_wallet_once_it_is_captured(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    assert world.wallet(payer) == (0, 0, 0)
    world.pay(link)

    assert world.wallet(payer) == (45_000, 0, 0), "and it cannot be paid out again"
    assert world.payment(payer, payment_id)["status"] == "captured"
    assert world.payment(payer, payment_id)["pay_url"] is None
    assert world.balance(accounts.psp("konnect")) == -45_000
    world.check_books()


def test_the_wallet_is_used_first_and_the_gateway_asked_for_the_rest(world: World) -> None:
    payer = world.rich_person(10_001)
    booking = world.book(payer, world.offer(price=45_000))
    assert world.wallet(payer) == (0, 10_001, 0)
    assert booking["order"]["from_wallet"]["amount"] == booking["order"]["amount_paid"]["amount"] == 10_001
    assert world.payment(payer, booking["payment"]["id"])["amount"]["amount"] == 34_999

    world.pay(world.link(booking["payment"]["id"]))
    paid = world.booking(payer, booking["id"])
    assert (paid["status"], paid["order"]["status"], paid["escrow"]["status"]) == ("confirmed", "paid", "funded")
    assert paid["escrow"]["amount"]["amount"] == 45_000
    assert world.wallet(payer) == (0, 0, 0)
    assert world.balance(accounts.escrow(UUID(booking["id"]))) == 45_000
    world.check_books()


def test_a_wallet_that_covers_the_price_asks_no_gateway(world: World) -> None:
    payer = world.rich_person(45_001)
    booking = world.book(payer, world.offer(price=45_000))
    assert (booking["status"], booking["payment"], booking["order"]["status"]) == ("confirmed", None, "paid")
    assert world.wallet(payer) == (1, 0, 0)
    world.check_books()


def test_the_wallet_gives_less_where_the_gateway_has_a_minimum_and_a_step(world: World, configure: Configure) -> None:
    payer = world.rich_person(44_999)
    configure(KONNECT_MINIMUM_MILLIMES=1_000, KONNECT_STEP_MILLIMES=10)
    booking = world.book(payer, world.offer(price=45_005))
    assert world.payment(payer, booking["payment"]["id"])["amount"]["amount"] == 1_000
    assert world.wallet(payer) == (994, 44_005, 0)
    world.pay(world.link(booking["payment"]["id"]))
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_a_rest_that_no_gateway_takes_is_refused_when_it_is_booked(world: World, configure: Configure) -> None:
    payer, offer = world.person(), world.offer(price=45_005)
    configure(KONNECT_STEP_MILLIMES=10)
    refused = world.post(payer, "/bookings", {"offering_id": str(offer.id), "starts_at": offer.starts[0]})
    assert (refused.status_code, refused.json["code"]) == (422, "amount_not_payable"), refused.text
    assert world.scalar("SELECT count(*) FROM booking") == 0


def test_a_capture_for_an_open_order_is_earmarked_before_anybody_hears_of_it(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    capture_unheard(world, booking)

    assert world.booking(payer, booking["id"])["status"] == "awaiting_payment"
    assert world.booking(payer, booking["id"])["order"]["amount_paid"]["amount"] == 45_000
    assert world.wallet(payer) == (0, 45_000, 0), "nobody else can spend it"
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_settling_again_and_again_posts_once(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    for _ in range(3):
        settle(payment_id)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


@pytest.mark.parametrize("copies", [1, 5])
def test_duplicate_webhooks_capture_once(world: World, copies: int) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    link = world.link(booking["payment"]["id"])
    world.gateway.order("duplicate_webhooks", copies=copies, seconds=0.05)
    world.pay(link, pings=copies + 1)

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert (world.events("PaymentCaptured"), world.events("BookingConfirmed")) == (1, 1)
    world.check_books()


@pytest.mark.parametrize(
    ("fault", "fields"),
    [
        ("error_500", {"count": 3}),
        ("rate_limited", {"seconds": 1}),
        ("redirect", {}),
        ("not_json", {}),
        ("huge_answer", {"megabytes": 2}),
        ("drip", {"seconds": 0.05}),
        ("timeout_after_success", {}),
    ],
)
def test_a_question_that_went_wrong_is_asked_again(
    world: World, configure: Configure, fault: str, fields: dict[str, object]
) -> None:
    payer = world.person()
    link = world.link(world.top_up(payer, 45_000))
    configure(GATEWAY_TOTAL_SECONDS=1)  # not before: a link may take its time on a busy machine
    world.gateway.order(fault, on="fetch", **fields)
    world.pay(link)

    assert world.wallet(payer) == (45_000, 0, 0)
    assert world.scalar("SELECT count(*) FROM delivery WHERE state = 'dead'") == 0
    world.check_books()


def test_a_gateway_that_is_asked_too_often_is_left_alone_as_long_as_it_said(world: World) -> None:
    link = world.link(world.top_up(world.person(), 45_000))
    world.gateway.order("rate_limited", seconds=3600, on="fetch")
    world.click(link)
    world.drain(hurry=False)
    wait = world.scalar("SELECT extract(epoch FROM available_at - now()) FROM delivery WHERE state = 'retry'")
    assert 3_000 < wait <= 3_601


def test_a_payment_that_the_gateway_gave_us_and_no_longer_knows_is_a_dead_letter(
    world: World, configure: Configure
) -> None:
    """Our own configuration is wrong, or theirs: a person must look, and nothing is lost until then."""
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    link = world.link(payment_id)
    configure(KONNECT_BASE_URL=f"{world.gateway.sandbox.url}/nothing/here")
    world.pay(link)
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer"
    (dead,) = dead_looks()
    assert "knows no payment" in dead.attempts[-1].error

    configure(KONNECT_BASE_URL=world.gateway.sandbox.konnect_url)
    with session_scope() as session:
        dead_letters.replay(session, dead.delivery.id)
    world.drain()
    assert world.wallet(payer) == (45_000, 0, 0)


def dead_looks() -> list[dead_letters.DeadLetter]:
    """Return the looks at payments that died."""
    with session_scope() as session:
        found = dead_letters.find(session, dead_letters.Filter(task="tasks.payments.settle"))
        return dead_letters.gather(session, found)


def test_a_payment_that_was_captured_meanwhile_is_not_asked_for_again(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.click(world.link(payment_id))
    settle(payment_id)
    world.gateway.order("error_500", on="fetch")
    world.drain()  # the ping's own look

    assert world.gateway.get("/faults").json()["items"][0]["hits"] == 0, "nobody has asked"
    assert world.wallet(payer) == (45_000, 0, 0)


def test_a_slow_gateway_holds_no_row(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    link = world.link(booking["payment"]["id"])
    world.gateway.order("delay", seconds=3600, on="fetch")
    world.click(link)
    with ThreadPoolExecutor(1) as worker:
        settled = worker.submit(world.drain)
        eventually(lambda: world.gateway.get("/faults").json()["items"][0]["hits"])
        cancelled = world.cancel(payer, booking["id"])
        assert not settled.done(), "the booking could be cancelled while the gateway was being asked"
        world.end_faults()
        settled.result()
    assert cancelled.status_code == 200
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


# --- what came in parts ----------------------------------------------------------------------------------------------


def test_parts_are_booked_step_by_step_and_the_booking_waits(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    link = world.link(booking["payment"]["id"])
    for part, reached in ((10_000, 10_000), (5_001, 15_001)):
        world.pay(link, partial=str(part))
        assert world.wallet(payer) == (0, reached, 0)
        shown = world.booking(payer, booking["id"])
        assert (shown["status"], shown["order"]["amount_paid"]["amount"]) == ("awaiting_payment", reached)
        world.check_books()
    world.pay(link)

    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.scalar("SELECT count(*) FROM ledger.txn WHERE kind = 'capture'") == 3
    world.check_books()


def test_the_earmark_of_a_part_is_lifted_at_the_deadline(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    world.pay(world.link(booking["payment"]["id"]), partial="10000")
    world.advance(seconds=15 * 60)

    assert world.booking(payer, booking["id"])["status"] == "expired"
    assert world.payment(payer, booking["payment"]["id"])["status"] == "expired"
    assert world.wallet(payer) == (10_000, 0, 0)
    world.check_books()


def test_parts_of_a_top_up_are_spendable_as_they_come(world: World) -> None:
    payer = world.person()
    link = world.link(world.top_up(payer, 45_000))
    world.pay(link, partial="10000")
    assert world.wallet(payer) == (10_000, 0, 0)
    world.pay(link)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_gateway_that_counts_back_takes_nothing_away(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    for reached in (10_000, 4_000, 10_000):
        settle(payment_id, status=PaymentStatus.PENDING, reached=reached)
    assert world.wallet(payer) == (10_000, 0, 0)
    settle(payment_id)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_surplus_goes_to_the_wallet_and_never_into_the_escrow(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    world.link(booking["payment"]["id"])
    settle(booking["payment"]["id"], reached=45_100)
    world.drain()

    assert world.booking(payer, booking["id"])["escrow"]["amount"]["amount"] == 45_000
    assert world.wallet(payer) == (100, 0, 0)
    assert world.balance(accounts.psp("konnect")) == -45_100, "all that the gateway holds for us stands in the books"
    world.check_books()


def test_a_gateway_that_tells_no_reached_amount_is_believed_by_its_status(world: World) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    settle(payment_id, status=PaymentStatus.PENDING, reached=None)
    assert world.wallet(payer) == (0, 0, 0)
    settle(payment_id, reached=None)
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_word_that_we_do_not_know_is_not_guessed_at(world: World, caplog: pytest.LogCaptureFixture) -> None:
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    world.link(payment_id)
    settle(payment_id, status=PaymentStatus.UNKNOWN, reached=10_000)
    assert world.payment(payer, payment_id)["status"] == "awaiting_payer", "it was neither paid nor not paid"
    assert world.events("PaymentUnclear") == 1, "the back office is told at once"
    world.advance_without_workers(seconds=15 * 60)
    for _ in range(2):
        settle(payment_id, status=PaymentStatus.UNKNOWN)
    shown = world.payment(payer, payment_id)
    assert (shown["status"], shown["pay_url"]) == ("unknown", None), "nobody is sent to a link whose time is up"
    assert world.events("PaymentUnclear") == 2, "it has ended, and that is told once"
    assert world.wallet(payer) == (0, 0, 0)
    assert "a word that we do not know" in caplog.text

    settle(payment_id)
    assert world.wallet(payer) == (45_000, 0, 0), "once the gateway says it in a word of ours, it is believed"
    world.check_books()


def test_a_word_that_we_do_not_know_about_an_attempt_that_had_ended_is_told_too(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    world.link(booking["payment"]["id"])
    assert world.cancel(payer, booking["id"]).status_code == 200
    world.drain()
    for _ in range(2):
        settle(booking["payment"]["id"], status=PaymentStatus.UNKNOWN)
    assert world.attempt(booking["payment"]["id"]).status == "unknown"
    assert world.events("PaymentUnclear") == 1


def test_the_instant_of_the_money_is_business_time(world: World) -> None:
    payer = world.person()
    world.advance(seconds=86_400)
    before = world.now()
    world.pay(world.link(world.top_up(payer, 45_000)))
    (movement,) = world.get(payer, "/wallet/transactions")["items"]
    assert before <= datetime.fromisoformat(movement["created_at"]) <= world.now()
