"""The invariants about bookings and their escrows ring when somebody writes past the rooms."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from app.infra.db import session_scope
from app.ops import books
from tests.booking.world import World

#: What is written past the rooms, and which invariants see it.
SPOILT = {
    "UPDATE escrow SET status = 'released'": {
        "a confirmed booking has a funded escrow, or a price of nothing", "a booking and its escrow agree",
        "an escrow account holds money exactly while its escrow is funded or frozen",
    },
    "UPDATE escrow SET status = 'frozen'": {
        "a confirmed booking has a funded escrow, or a price of nothing", "a booking and its escrow agree",
    },
    "UPDATE escrow SET amount = amount + 1": {
        "an escrow account holds money exactly while its escrow is funded or frozen",
        "released, returned and remaining are what was funded",
    },
    "UPDATE booking SET status = 'closed'": {"a booking and its escrow agree"},
    "UPDATE booking SET status = 'cancelled'": {"a booking and its escrow agree", "a booking and its order agree"},
    "UPDATE booking SET status = 'expired'": {"a booking and its escrow agree", "a booking and its order agree"},
    "UPDATE payment_order SET status = 'open'": {"a booking and its order agree"},
}  # fmt: skip


@pytest.fixture
def superuser(services, database) -> Iterator[psycopg.Connection]:
    """Return a connection that no wall stops."""
    with psycopg.connect(services.cluster.superuser_url(database.name)) as connection:
        yield connection
        connection.rollback()


def broken(connection: psycopg.Connection) -> set[str]:
    return {name for name, statement in books.INVARIANTS.items() if connection.execute(statement).fetchone()}


def test_the_books_of_a_paid_booking_are_right_until_somebody_spoils_them(
    world: World, superuser: psycopg.Connection, subtests: pytest.Subtests
) -> None:
    learner, offering = world.person(money=45_000), world.offer()
    world.booked(learner, offering)
    with session_scope() as session:
        assert all(checked.holds for checked in books.check_invariants(session))

    for statement, seen_by in SPOILT.items():
        with subtests.test(statement):
            superuser.execute(statement)
            assert broken(superuser) == seen_by
            superuser.rollback()
