"""From the end of a session to the mentor's money: completion, the window, the fee (MONEY.md, API §4)."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.escrow import rules
from tests.booking.conftest import Configure
from tests.booking.world import HOUR, World
from tests.factories.payments import tnd

WINDOW = 24 * HOUR
SECOND = timedelta(seconds=1)


# The arithmetic


@given(st.integers(1, 10**12), st.integers(0, 10_000))
def test_fee_and_mentors_part_are_what_was_paid_and_the_fee_is_rounded_half_up(paid: int, basis_points: int) -> None:
    fee, part = rules.split(tnd(paid), basis_points)

    assert fee + part == tnd(paid)
    assert fee.minor >= 0
    assert part.minor >= 0
    exact = Decimal(paid) * basis_points / 10_000
    assert fee.minor == exact.quantize(Decimal(1), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("paid", "basis_points", "fee"),
    [
        (33_337, 1_500, 5_001),  # 5000.55
        (45_000, 1_500, 6_750),
        (1, 1_500, 0),  # 0.15
        (3, 1_500, 0),  # 0.45
        (10, 1_500, 2),  # 1.5: half goes up
        (1, 5_000, 1),  # 0.5
        (1, 4_999, 0),
        (10**12, 1, 10**8),
        (7, 0, 0),
        (7, 10_000, 7),
    ],
)
def test_fees_as_they_are_worked_out_by_hand(paid: int, basis_points: int, fee: int) -> None:
    assert rules.split(tnd(paid), basis_points) == (tnd(fee), tnd(paid - fee))


# The clock


def test_a_session_is_completed_at_its_end_and_not_before(world: World) -> None:
    learner = world.person(money=45_000)
    booking = world.booked(learner, world.offer())

    world.pass_until(booking["ends_at"], -HOUR)
    assert world.booking(learner, booking)["status"] == "confirmed"
    world.pass_until(booking["ends_at"])

    completed = world.booking(learner, booking)
    assert (completed["status"], completed["escrow"]["status"]) == ("completed", "funded")
    assert world.events("BookingCompleted") == 1


def test_the_mentor_is_paid_when_the_window_has_passed_and_not_before(world: World) -> None:
    learner, mentor, booking = world.held(price=33_337)

    world.pass_until(booking["ends_at"], WINDOW - HOUR)
    assert world.booking(learner, booking)["status"] == "completed"
    assert world.wallet(mentor) == (0, 0, 0)
    world.pass_until(booking["ends_at"], WINDOW + SECOND)

    closed = world.booking(learner, booking)
    assert (closed["status"], closed["order"]["status"]) == ("closed", "paid")
    assert (closed["escrow"]["status"], closed["escrow"]["amount"]["amount"]) == ("released", 33_337)
    assert world.wallet(mentor) == (28_336, 0, 28_336)
    assert world.wallet(learner) == (0, 0, 0)
    (earning,) = world.get(mentor, "/wallet/transactions")["items"]
    assert (earning["kind"], earning["amount"]["amount"]) == ("earning", 28_336)
    assert earning["reference"] == {"kind": "booking", "id": booking["id"]}


def test_the_window_is_a_setting(world: World, configure: Configure) -> None:
    configure(ESCROW_WINDOW_HOURS=0)
    learner, mentor, booking = world.held()
    assert world.booking(learner, booking)["status"] == "closed"
    assert world.wallet(mentor) == (38_250, 0, 38_250)


def test_a_clock_that_leaps_over_everything_does_it_all_in_order(world: World) -> None:
    learner, mentor = world.person(money=45_000), world.mentor()
    booking = world.booked(learner, world.offer(mentor))

    world.pass_time(timedelta(days=365))

    assert world.booking(learner, booking)["status"] == "closed"
    assert (world.events("BookingCompleted"), world.events("EscrowReleased")) == (1, 1)


# The money


AWKWARD = [(1, 5_000), (3, 1_500), (10, 1_500), (33_337, 1_500), (33_337, 0), (7, 10_000), (899_999_999_999, 9_999)]


def test_every_millime_of_awkward_prices_and_fees_is_the_mentors_or_ours(world: World, configure: Configure) -> None:
    """The fee is that of the moment of booking: raising it later takes nothing from anybody."""
    paid = sum(price for price, _ in AWKWARD)
    mentor, learner = world.mentor(), world.person(money=paid)
    slots = world.slots(world.offer(mentor), begin=world.now() + HOUR)
    for starts_at, (price, fee) in zip(slots, AWKWARD, strict=False):
        configure(PLATFORM_FEE_BASIS_POINTS=fee)
        world.booked(learner, world.offer(mentor, price=price), starts_at)
    configure(PLATFORM_FEE_BASIS_POINTS=5_000)

    world.pass_time(timedelta(days=9))

    fees = sum(int((Decimal(p) * f / 10_000).quantize(Decimal(1), ROUND_HALF_UP)) for p, f in AWKWARD)
    assert world.wallet(mentor) == (paid - fees, 0, paid - fees)
    assert world.scalar("SELECT posted FROM ledger.account WHERE code = 'fee_revenue'") == fees
    assert world.wallet(learner) == (0, 0, 0)


def test_earnings_pay_for_sessions_after_deposits(world: World) -> None:
    """A mentor who learns spends what was put in before what was earned: only earnings can be paid out."""
    _, mentor, _ = world.held()
    world.pass_time(WINDOW)
    earned = 38_250
    booking = world.booked(mentor, world.offer(price=earned))
    assert booking["status"] == "confirmed"
    assert world.wallet(mentor) == (0, 0, 0)

    world.cancel(mentor, booking)

    # What comes back is a deposit: MONEY.md returns all of an escrow to the wallet's deposit.
    assert world.wallet(mentor) == (earned, 0, 0)
