"""What /metrics tells of money, beside what really happened."""

from __future__ import annotations

from datetime import timedelta

from app.infra.metrics.pending import pending
from tests.booking.world import World
from tests.ops.scrape import scrape

PRICE = 45_000
FEE = 6_750  # 15 %


def test_escrow_is_told_while_it_is_held_and_fees_once_they_are_earned(world: World) -> None:
    learner, mentor = world.person(money=2 * PRICE), world.mentor()
    offering = world.offer(mentor, price=PRICE)
    first = world.booked(learner, offering)
    world.booked(learner, offering, world.slots(offering)[0])
    world.drain()
    assert scrape(world.client)["amana_escrow_held_minor", "TND"] == 2 * PRICE
    assert ("amana_fee_revenue_minor", "TND") not in scrape(world.client)
    world.cancel(learner, first)
    assert scrape(world.client)["amana_escrow_held_minor", "TND"] == PRICE
    world.pass_time(timedelta(days=4))
    world.pass_time(timedelta(days=2))
    seen = scrape(world.client)
    assert ("amana_escrow_held_minor", "TND") not in seen
    assert seen["amana_fee_revenue_minor", "TND"] == FEE


def test_money_in_dispute_is_still_held(world: World) -> None:
    learner, _, booking = world.held(PRICE)
    world.report(learner, booking)
    assert scrape(world.client)["amana_escrow_held_minor", "TND"] == PRICE


def test_success_is_the_part_of_the_ended_payments_that_was_captured(world: World) -> None:
    pending.take()
    offering = world.offer(price=PRICE)
    paid, given_up, open_still = (world.booked(world.person(), offering, slot) for slot in world.slots(offering)[:3])
    world.pay(paid)
    assert scrape(world.client)["amana_payment_success_ratio", "konnect"] == 1
    assert open_still["payment"]["status"] == given_up["payment"]["status"] == "initiating"
    world.pass_time(timedelta(hours=1))
    world.drain()
    seen = scrape(world.client)
    assert world.scalar("SELECT count(*) FROM payment WHERE status = 'expired'") == 2
    assert seen["amana_payment_success_ratio", "konnect"] == 1 / 3
    assert seen["amana_captures_total", "TND", "konnect"] == 1
    assert seen["amana_captured_minor_total", "TND", "konnect"] == PRICE
