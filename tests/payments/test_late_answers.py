"""The gateway answers our create call when the attempt has ended: it keeps its end, and money finds its way home."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from app.gateways.psp.base import PaymentLink
from app.infra.db import session_scope
from app.payments import service
from tests.booking.racing import while_it_waits
from tests.factories.identity import MadeUser
from tests.payments.steps import die_in_the_create_call, rescue, while_the_gateway_is_asked
from tests.payments.world import World

LINK = 15 * 60


def give_up(world: World, payer: MadeUser, booking: dict[str, Any]) -> None:
    """Cancel a booking, and let another worker end its attempt."""
    assert world.cancel(payer, booking["id"]).status_code == 200
    world.drain()
    assert world.attempt(booking["payment"]["id"]).status == "cancelled"


def test_nobody_is_shown_a_link_to_pay_for_what_was_cancelled(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    payment_id = booking["payment"]["id"]
    with while_the_gateway_is_asked(world):
        give_up(world, payer, booking)

    shown = world.payment(payer, payment_id)
    assert (shown["status"], shown["pay_url"]) == ("cancelled", None)
    assert world.attempt(payment_id).pay_url is None


def test_what_is_paid_by_a_link_that_came_too_late_is_found_without_a_webhook(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    with while_the_gateway_is_asked(world):
        give_up(world, payer, booking)
    (at_gateway,) = world.gateway.get("/konnect/payments").json()["items"]
    world.gateway.order("no_webhook")
    world.click(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={at_gateway['payment_ref']}", pings=0)
    world.advance(seconds=5)

    assert world.attempt(booking["payment"]["id"]).status == "captured"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_second_link_that_comes_after_the_money_changes_nothing(world: World) -> None:
    """A worker died in its create call, its payment is paid while another worker asks again."""
    payer = world.person()
    payment_id = world.top_up(payer, 45_000)
    die_in_the_create_call(payment_id)
    (first,) = world.gateway.get("/konnect/payments").json()["items"]
    rescue()
    with while_the_gateway_is_asked(world):
        world.pay(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={first['payment_ref']}")
        assert world.payment(payer, payment_id)["status"] == "captured"

    found = world.attempt(payment_id)
    assert (found.status, found.payment_ref, found.pay_url) == ("captured", first["payment_ref"], None)
    assert found.next_poll_at is None, "there is nothing to look at any more"
    assert len(world.gateway.get("/konnect/payments").json()["items"]) == 2
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_a_refusal_for_what_was_cancelled_is_no_reason_for_an_alarm(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    world.gateway.order("redirect", on="create")
    with while_the_gateway_is_asked(world):
        give_up(world, payer, booking)

    assert world.payment(payer, booking["payment"]["id"])["status"] == "cancelled"
    assert world.events("PaymentFailed") == 0


def test_an_attempt_is_not_given_up_at_the_moment_its_link_comes(world: World, owner: psycopg.Connection) -> None:
    """Its time is up and it has no link; the worker that looks at it waits for the one that has just got it."""
    payer = world.person()
    payment_id = UUID(world.top_up(payer, 45_000))
    link = PaymentLink(payment_ref="0123456789abcdef01234567", pay_url=f"{world.gateway.sandbox.url}/konnect/pay")
    world.advance_without_workers(seconds=LINK)

    def look() -> service.PaymentToLookAt | None:
        with session_scope() as session:
            return service.prepare_look(session, payment_id, None)

    looked_at = while_it_waits(lambda session: service.record_link(session, payment_id, link), look, owner)
    assert looked_at is None
    assert world.payment(payer, str(payment_id))["status"] == "awaiting_payer"
