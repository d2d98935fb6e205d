"""The story: one session, from two strangers to the paid mentor. Each act is a file of demo/acts."""

from __future__ import annotations

from demo import people
from demo.acts import (
    audit,
    booking,
    healing,
    holding,
    letters,
    mentorship,
    paying,
    payout,
    registration,
    second_thoughts,
    speed,
    topping_up,
)
from demo.moneytrail import MoneyTrail
from demo.people import Account
from demo.stage import Stage


def play(stage: Stage) -> None:
    """Play all acts, in order; raise Failed at the first thing that is not as it must be."""
    try:
        _play(stage)
    finally:
        stage.outside.end_faults()


def _play(stage: Stage) -> None:
    mounir, lina = registration.play(stage)
    plans, chat = mentorship.play(stage, mounir)
    money = MoneyTrail(stage, lina, mounir)
    topping_up.play(stage, lina, money)
    session = booking.play(stage, lina, plans, money)
    paying.play(stage, lina, mounir, session, money)
    cancelled = second_thoughts.play(stage, lina, mounir, chat, money)
    healing.play(stage, lina, mounir, session, cancelled)
    earned = holding.play(stage, lina, session, money)
    admin = people.sign_in(stage.nobody, Account("Admin", stage.world.admin_email, stage.world.admin_password))
    paid = payout.play(stage, mounir, admin, earned, money)
    letters.play(stage, (lina, mounir), session, cancelled)
    audit.play(stage, admin, paid, money)
    speed.play(stage)
