"""The session is held. When nobody has complained in time, its money is the mentor's, less our fee."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.caller import Caller
from demo.clock import business_now, move_forward
from demo.failures import expect
from demo.moneytrail import MoneyTrail
from demo.sessions import Booked, day_and_time
from demo.stage import Stage

FEE_BASIS_POINTS = 1500
WINDOW = timedelta(hours=24)


def fee_of(price: int) -> int:
    """Return the platform's part of a price in millimes, rounded half up."""
    return (price * FEE_BASIS_POINTS + 5_000) // 10_000


def play(stage: Stage, lina: Caller, booked: Booked, money: MoneyTrail) -> int:
    """Return what Mounir has earned, in millimes."""
    stage.screen.act("The session is held, and nobody complains")
    _move_to(stage, booked.ends)
    stage.screen.step("Time", f"moves on to {day_and_time(booked.ends)}, the end of the session")
    completed = lina.wait_for_status(f"/bookings/{booked.id}", "completed")
    expect("the escrow", completed["escrow"]["status"], "funded")
    stage.screen.step("Celery", "has completed the booking; the money stays in escrow while a problem can be reported")
    *_, mail = stage.outside.wait_for_mails(lina.email, booked.title, 3)
    stage.screen.step("Lina", f"has a mail, '{mail['subject']}': until when she can report a problem")
    _move_to(stage, booked.ends + WINDOW)
    stage.screen.step("Time", f"moves on to {day_and_time(booked.ends + WINDOW)}")
    closed = lina.wait_for_status(f"/bookings/{booked.id}", "closed")
    expect("the escrow", closed["escrow"]["status"], "released")
    percent = FEE_BASIS_POINTS // 100
    stage.screen.step(
        "Celery", f"has released the escrow: {percent} % are ours, rounded half up, and the rest is Mounir's"
    )
    fee = fee_of(booked.price)
    earned = booked.price - fee
    money.show("released", escrow=-booked.price, fee=fee, mentor=earned)
    return earned


def _move_to(stage: Stage, instant: datetime) -> None:
    """Move business time to just after an instant."""
    left = instant - business_now(stage.nobody)
    move_forward(stage.nobody, int(left.total_seconds()) + 1)
