"""Every row of the tables of bookings, orders and escrows is taken by what people, money and the clock do."""

from __future__ import annotations

from datetime import timedelta

import psycopg

from app.booking.states import BOOKING
from app.escrow.states import ESCROW
from app.payments.states import ORDER
from tests.booking.world import HOUR, World
from tests.witness import watching

WALKED = (BOOKING, ORDER, ESCROW)
PAST_THE_DEADLINE = timedelta(minutes=16)
PAST_THE_WINDOW = 24 * HOUR


def confirmed(world: World):
    """Return a learner with a session that is paid for and ahead."""
    learner = world.person(money=45_000)
    return learner, world.booked(learner, world.offer())


def unpaid(world: World):
    """Return a learner with a session that waits for money."""
    learner = world.person()
    return learner, world.booked(learner, world.offer())


def held_without_complaint(world: World) -> str:
    learner, _, booking = world.held()
    world.pass_time(PAST_THE_WINDOW)
    return world.booking(learner, booking)["status"]


def held_with_a_complaint_that_support_does_not_share(world: World) -> str:
    learner, _, booking = world.held()
    world.report(learner, booking)
    world.resolve(world.person("support"), booking, "release")
    return world.booking(learner, booking)["status"]


def a_complaint_before_the_end_that_support_shares(world: World) -> str:
    learner, booking = confirmed(world)
    world.report(learner, booking)
    world.resolve(world.person("support"), booking, "return")
    return world.booking(learner, booking)["status"]


def paid_and_cancelled(world: World) -> str:
    learner, booking = confirmed(world)
    world.cancel(learner, booking)
    return world.booking(learner, booking)["status"]


def paid_at_the_gateway(world: World) -> str:
    learner, booking = unpaid(world)
    world.pay(booking)
    return world.booking(learner, booking)["status"]


def cancelled_before_it_was_paid(world: World) -> str:
    learner, booking = unpaid(world)
    world.cancel(learner, booking)
    return world.booking(learner, booking)["status"]


def paid_too_late_and_taken_up_again(world: World) -> str:
    learner, booking = unpaid(world)
    world.pass_time(PAST_THE_DEADLINE)
    world.pay(booking)
    return world.booking(learner, booking)["status"]


def paid_too_late_for_a_slot_that_is_gone(world: World) -> str:
    learner, offering = world.person(), world.offer()
    booking = world.booked(learner, offering)
    world.pass_time(PAST_THE_DEADLINE)
    world.booked(world.person(money=45_000), offering, booking["starts_at"])
    world.pay(booking)
    return world.booking(learner, booking)["status"]


STORIES = {
    held_without_complaint: "closed",
    held_with_a_complaint_that_support_does_not_share: "closed",
    a_complaint_before_the_end_that_support_shares: "cancelled",
    paid_and_cancelled: "cancelled",
    paid_at_the_gateway: "confirmed",
    cancelled_before_it_was_paid: "cancelled",
    paid_too_late_and_taken_up_again: "confirmed",
    paid_too_late_for_a_slot_that_is_gone: "paid_late",
}


def test_every_row_is_taken_and_nothing_else(world: World, owner: psycopg.Connection) -> None:
    with watching(owner, *WALKED) as witness:
        for story, end in STORIES.items():
            assert story(world) == end, story.__name__
        witness.check()
