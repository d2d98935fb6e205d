"""Sweeps: what is due is done, and one booking that cannot be ended does not keep the others waiting."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from app.kernel.states import IllegalTransition
from tasks import maintenance
from tests.booking.world import HOUR, World, read

AFTER_THE_DEADLINE = timedelta(minutes=16)


def test_an_expiry_that_fails_holds_up_no_other(world: World, owner: psycopg.Connection) -> None:
    bookings = [(learner, world.booked(learner, world.offer())) for learner in (world.person() for _ in range(3))]
    world.pass_time_asleep(AFTER_THE_DEADLINE)
    (learner, first), *others = bookings
    spoil = "UPDATE payment_order SET status = %s WHERE id = %s"
    owner.execute(spoil, ["returned", first["order"]["id"]])

    with pytest.raises(ExceptionGroup, match="1 of 3 failed") as failed:
        maintenance.expire_bookings()

    assert [type(error) for error in failed.value.exceptions] == [IllegalTransition]
    assert {world.booking(*one)["status"] for one in others} == {"expired"}
    assert world.booking(learner, first)["status"] == "awaiting_payment"
    owner.execute(spoil, ["open", first["order"]["id"]])
    maintenance.expire_bookings()
    assert world.booking(learner, first)["status"] == "expired"


def test_a_release_that_fails_holds_up_no_other(world: World, owner: psycopg.Connection) -> None:
    mentors = [world.mentor() for _ in range(3)]
    bookings = [world.booked(world.person(money=45_000), world.offer(mentor)) for mentor in mentors]
    ended = max(read(booking["ends_at"]) for booking in bookings)
    world.pass_time_asleep(ended - world.now() + 25 * HOUR)
    spoil = "UPDATE escrow SET status = %s WHERE booking_id = %s"
    owner.execute(spoil, ["refunded", bookings[0]["id"]])
    maintenance.complete_bookings()

    with pytest.raises(ExceptionGroup, match="1 of 3 failed"):
        maintenance.release_escrows()

    assert [world.wallet(mentor)[0] for mentor in mentors] == [0, 38_250, 38_250]
    owner.execute(spoil, ["funded", bookings[0]["id"]])
    maintenance.release_escrows()
    assert [world.wallet(mentor)[0] for mentor in mentors] == [38_250] * 3


def test_a_sweep_passes_over_what_somebody_has_in_hand(world: World, owner: psycopg.Connection) -> None:
    """Neither waiting for it nor failing: whoever has it ends it, or the next sweep does."""
    bookings = [(learner, world.booked(learner, world.offer())) for learner in (world.person() for _ in range(2))]
    world.pass_time_asleep(AFTER_THE_DEADLINE)
    (learner, in_hand), other = bookings

    with owner.transaction():
        owner.execute("SELECT 1 FROM booking WHERE id = %s FOR UPDATE", [in_hand["id"]])
        maintenance.expire_bookings()

    assert world.booking(learner, in_hand)["status"] == "awaiting_payment"
    assert world.booking(*other)["status"] == "expired"
    maintenance.expire_bookings()
    assert world.booking(learner, in_hand)["status"] == "expired"


def test_a_sweep_with_nothing_due_does_nothing(world: World) -> None:
    world.booked(world.person(), world.offer())
    before = world.scalar("SELECT count(*) FROM event")
    for sweep in (maintenance.expire_bookings, maintenance.complete_bookings, maintenance.release_escrows):
        sweep()
    assert world.scalar("SELECT count(*) FROM event") == before
