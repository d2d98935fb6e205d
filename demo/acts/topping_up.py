"""Money comes in, and nobody says so: what is not told is asked for."""

from __future__ import annotations

import secrets

from demo.caller import Caller
from demo.clock import move_forward
from demo.dinars import in_dinars, priced
from demo.failures import expect
from demo.moneytrail import MoneyTrail
from demo.sessions import pay_link, wait_for_capture
from demo.stage import Stage

TOP_UP = 10_001
#: Seconds after which a payment is looked at, webhook or not.
FIRST_POLL = 5


def play(stage: Stage, lina: Caller, money: MoneyTrail) -> None:
    """Put TOP_UP into Lina's wallet."""
    stage.screen.act("Lina tops up her wallet, and Konnect never says so")
    payment = lina.post("/wallet/top-ups", {"amount": in_dinars(TOP_UP)}, key=secrets.token_hex(8))["id"]
    money.payments.append(payment)
    link = pay_link(lina, payment)
    stage.outside.order_fault("no_webhook", order_id=payment)
    stage.screen.fault("is ordered never to call the webhook of this payment")
    stage.outside.click_pay(link)
    stage.screen.step("Lina", f"pays {priced(TOP_UP)} at Konnect")
    move_forward(stage.nobody, FIRST_POLL)
    stage.screen.step("Time", f"moves on by {FIRST_POLL} s, and nothing was heard")
    wait_for_capture(lina, payment)
    expect("the calls of the webhook", stage.outside.payment_at_konnect(payment)["webhook_calls"], [])
    stage.screen.step("Celery", "has asked Konnect by itself: the money is captured")
    money.show("topped up", taken=TOP_UP, learner=TOP_UP)
