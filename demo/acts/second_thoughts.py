"""A second booking: the gateway's answer is lost, another link is paid, and the session is cancelled again."""

from __future__ import annotations

import secrets

from demo.caller import Caller
from demo.dinars import priced
from demo.failures import expect
from demo.moneytrail import MoneyTrail
from demo.sessions import Booked, Offered, book, free_slots, pay_link, wait_for_capture
from demo.stage import Stage

#: Days from now, so that there is time to cancel without a loss.
LATER = 2
#: For how many looks the Meet link of this session is pending: it is cancelled before the second.
LOOKS = 5


def play(stage: Stage, lina: Caller, mounir: Caller, chat: Offered, money: MoneyTrail) -> Booked:
    """Return the booking, cancelled."""
    stage.screen.act("Lina books a second one: Konnect's answer is lost, and she changes her mind")
    booked = _book(stage, lina, chat, money)
    payment = _ask_for_another_link(stage, lina, booked, money)
    stage.outside.order_fault("google_pending", polls=LOOKS, email=mounir.email, summary=chat.title)
    stage.screen.fault("is ordered to leave Google's Meet link for it pending for a while")
    stage.outside.click_pay(pay_link(lina, payment))
    wait_for_capture(lina, payment)
    lina.wait_for_status(f"/bookings/{booked.id}", "confirmed")
    stage.screen.step("Lina", f"pays {priced(chat.price)} by the second link: this one is confirmed too")
    money.show("paid again", taken=chat.price, escrow=chat.price)
    stage.google.wait_for_event(booked.id, mounir.email)
    stage.outside.wait_for_mails(lina.email, chat.title, 1)
    _cancel(stage, lina, booked)
    money.show("cancelled", escrow=-chat.price, learner=chat.price)
    return booked


def _book(stage: Stage, lina: Caller, chat: Offered, money: MoneyTrail) -> Booked:
    stage.outside.order_fault("error_500_after_success", on="create")
    stage.screen.fault("is ordered to make the next pay link, and to answer 500")
    slot = free_slots(lina, chat, after_days=LATER)[0]
    booked = book(lina, chat, slot)
    money.bookings.append(booked.id)
    money.payments.append(booked.payment_id)
    stage.screen.step("Lina", f"books {chat.title!r} on {slot.shown}")
    lina.wait_for_status(f"/payments/{booked.payment_id}", "unknown")
    stage.screen.step(
        "Celery", "cannot know whether a link was made: the payment is unknown, and is not asked for again"
    )
    return booked


def _ask_for_another_link(stage: Stage, lina: Caller, booked: Booked, money: MoneyTrail) -> str:
    payment: str = lina.post(f"/bookings/{booked.id}/payments", key=secrets.token_hex(8))["id"]
    money.payments.append(payment)
    stage.screen.step("Lina", "asks for another link, under a payment of its own")
    return payment


def _cancel(stage: Stage, lina: Caller, booked: Booked) -> None:
    cancelled = lina.post(f"/bookings/{booked.id}/cancel", {"reason": "something came up"}, key=secrets.token_hex(8))
    seen = (cancelled["status"], cancelled["order"]["status"], cancelled["escrow"]["status"])
    expect("the booking, its order and its escrow", seen, ("cancelled", "returned", "refunded"))
    stage.screen.step("Lina", f"cancels it in time: {priced(booked.price)} are in her wallet again")
