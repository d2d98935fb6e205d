"""Sweeps: what is due is done, and one booking that cannot be ended does not keep the others waiting."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded

from app.kernel.states import IllegalTransition
from tasks import maintenance
from tests.booking.world import HOUR, World, read
from tests.patience import eventually, somebody_waits_for_a_lock

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


def test_a_sweep_whose_time_is_up_ends_and_leaves_the_rest_to_the_next(world: World, owner: psycopg.Connection) -> None:
    """Were it one booking's failure like another, the sweep would go on until its worker is killed."""
    bookings = [(learner, world.booked(learner, world.offer())) for learner in (world.person() for _ in range(3))]
    world.pass_time_asleep(AFTER_THE_DEADLINE)
    (_, first), *others = bookings

    with owner.transaction():
        owner.execute("SELECT 1 FROM payment_order WHERE id = %s FOR UPDATE", [first["order"]["id"]])
        with time_limit(lambda: somebody_waits_for_a_lock(owner)), pytest.raises(ExceptionGroup) as ended:
            maintenance.expire_bookings()

    assert [type(error) for error in ended.value.exceptions] == [SoftTimeLimitExceeded]
    assert {world.booking(*one)["status"] for one in others} == {"awaiting_payment"}
    busy = "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' AND pid <> pg_backend_pid()"
    eventually(lambda: not world.scalar(busy))  # whoever waits for a lock sees only then that nobody listens any more
    maintenance.expire_bookings()
    assert {world.booking(*one)["status"] for one in bookings} == {"expired"}


def test_a_sweep_with_nothing_due_does_nothing(world: World) -> None:
    world.booked(world.person(), world.offer())
    before = world.scalar("SELECT count(*) FROM event")
    for sweep in (maintenance.expire_bookings, maintenance.complete_bookings, maintenance.release_escrows):
        sweep()
    assert world.scalar("SELECT count(*) FROM event") == before


@contextmanager
def time_limit(is_up: Callable[[], bool]) -> Iterator[None]:
    """Strike as Celery's soft limit does, by a signal, as soon as the work is where the test wants it."""

    def strike(*_: object) -> NoReturn:
        raise SoftTimeLimitExceeded

    def watch() -> None:
        eventually(is_up)
        os.kill(os.getpid(), signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, strike)
    try:
        with ThreadPoolExecutor(1) as watchman:
            watchman.submit(watch)
            yield
    finally:
        signal.signal(signal.SIGALRM, before)
