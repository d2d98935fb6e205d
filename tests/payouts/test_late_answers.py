"""The gateway answers our create call when the time is up: the link keeps its end, and no money is lost."""

from __future__ import annotations

import psycopg
import pytest

from app.gateways.psp.base import PaymentLink
from app.infra.db import session_scope
from app.payouts import service
from tests.booking.racing import while_it_waits
from tests.payments.steps import rescue, while_the_gateway_is_asked
from tests.payouts.steps import die_in_the_create_call, ping
from tests.payouts.world import RETURN_SECONDS, PayoutWorld

UNKNOWN_ALARM = "Nobody can say whether a payout was paid"
REFUSED_ALARM = "The gateway refuses the link of a payout"


@pytest.fixture
def payout_id(world: PayoutWorld) -> str:
    """Return an approved payout whose link no worker has asked for."""
    made = world.requested(world.earner())
    assert world.approve(world.clerk(), made).status_code == 200
    return made


def test_a_link_that_comes_too_late_is_shown_to_nobody_and_found_if_it_is_paid(
    world: PayoutWorld, payout_id: str
) -> None:
    with while_the_gateway_is_asked(world):
        world.let_expire()
        assert world.status(payout_id) == "unknown"
    assert world.shown(payout_id)["pay_url"] is None
    assert world.attempts(payout_id)[0].pay_url is None

    (made,) = world.gateway.get("/konnect/payments").json()["items"]
    world.gateway.order("no_webhook")
    world.click(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={made['payment_ref']}", pings=0)
    world.advance(seconds=300)
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def test_a_second_link_that_comes_too_late_does_not_take_the_place_of_the_first(
    world: PayoutWorld, payout_id: str
) -> None:
    """A worker died in its create call; its link was paid while another worker asked again."""
    (attempt,) = world.attempts(payout_id)
    die_in_the_create_call(attempt.id)
    (first,) = world.gateway.get("/konnect/payments").json()["items"]
    rescue()
    with while_the_gateway_is_asked(world):
        world.pay(f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={first['payment_ref']}")
        assert world.status(payout_id) == "paid"

    (found,) = world.attempts(payout_id)
    assert (found.status, found.payment_ref, found.pay_url) == ("paid", first["payment_ref"], None)
    assert found.next_poll_at is None, "there is nothing to look at any more"
    assert world.paid_out() == 45_000


def test_a_second_link_that_comes_when_the_first_has_expired_leaves_the_payout_to_be_decided_again(
    world: PayoutWorld, payout_id: str
) -> None:
    (attempt,) = world.attempts(payout_id)
    die_in_the_create_call(attempt.id)
    (first,) = world.gateway.get("/konnect/payments").json()["items"]
    ping(world, attempt.id, first["payment_ref"])
    world.drain()
    rescue()
    with while_the_gateway_is_asked(world):
        world.let_expire()

    (found,) = world.attempts(payout_id)
    assert (found.status, found.payment_ref, found.pay_url) == ("expired", first["payment_ref"], None)
    assert world.status(payout_id) == "pending"
    world.pay(world.approved(payout_id))
    assert (world.status(payout_id), world.paid_out()) == ("paid", 45_000)


def test_a_link_is_not_given_up_at_the_moment_it_comes(
    world: PayoutWorld, payout_id: str, owner: psycopg.Connection
) -> None:
    """Its time is up and it is not there; the worker that looks for it waits for the one that has just got it."""
    (attempt,) = world.attempts(payout_id)
    link = PaymentLink(payment_ref="0123456789abcdef01234567", pay_url=f"{world.gateway.sandbox.url}/konnect/pay")
    world.advance_without_workers(seconds=RETURN_SECONDS + 60)

    def look() -> service.LinkToLookAt | None:
        with session_scope() as session:
            return service.prepare_look(session, attempt.id, None)

    assert while_it_waits(lambda session: service.record_link(session, attempt.id, link), look, owner) is None
    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("processing", "awaiting_payer")


@pytest.mark.parametrize("answer", ["redirect", "error_500_after_success"])
def test_a_refusal_or_a_lost_answer_that_comes_too_late_raises_no_second_alarm(
    world: PayoutWorld, payout_id: str, answer: str
) -> None:
    world.gateway.order(answer, on="create")
    with while_the_gateway_is_asked(world):
        world.let_expire()

    assert (world.status(payout_id), world.attempts(payout_id)[0].status) == ("unknown", "unknown")
    assert [alarm["count"] for alarm in world.alarms(UNKNOWN_ALARM)] == [1]
    assert world.alarms(REFUSED_ALARM) == []
