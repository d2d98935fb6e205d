"""The gateway answers our create call when the time is up: the link keeps its end, and no money is lost."""

from __future__ import annotations

import pytest

from tests.payments.steps import rescue, while_the_gateway_is_asked
from tests.payouts.steps import die_in_the_create_call
from tests.payouts.world import PayoutWorld

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
    assert world.paid_out() == 45_000


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
