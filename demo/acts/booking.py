"""A slot is taken, once, and held while it is paid for."""

from __future__ import annotations

from demo.acts.topping_up import TOP_UP
from demo.caller import Caller
from demo.dinars import priced
from demo.moneytrail import MoneyTrail
from demo.sessions import Booked, Offered, book, free_slots, pay_link
from demo.stage import Stage


def play(stage: Stage, lina: Caller, plans: Offered, money: MoneyTrail) -> Booked:
    """Return the booking, which waits for its payment."""
    stage.screen.act("Lina books a session")
    slots = free_slots(lina, plans)
    stage.screen.step("Lina", f"finds {len(slots)} free slots in a week and takes {slots[0].shown}")
    booked = book(lina, plans, slots[0])
    money.bookings.append(booked.id)
    money.payments.append(booked.payment_id)
    stage.screen.step("Lina", f"books it: the slot is hers for now, {priced(TOP_UP)} of her wallet is held")
    stage.screen.step("Lina", "has sent it twice by mistake, under one Idempotency-Key: it is one booking")
    pay_link(lina, booked.payment_id)
    stage.screen.step("Konnect", f"gives a pay link for the rest, {priced(plans.price - TOP_UP)}")
    money.show("booked", learner=-TOP_UP, held=TOP_UP)
    return booked
