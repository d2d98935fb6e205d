"""The payment comes, its webhook comes three times, and the session is confirmed although Google is out of order."""

from __future__ import annotations

from demo.acts.topping_up import TOP_UP
from demo.caller import Caller
from demo.database import seconds_since_postgres_started
from demo.dinars import dinars, priced
from demo.failures import Failed, expect
from demo.moneytrail import MoneyTrail
from demo.sessions import Booked, pay_link, wait_for_capture
from demo.stage import Stage

WEBHOOKS = 3


def play(stage: Stage, lina: Caller, mounir: Caller, booked: Booked, money: MoneyTrail) -> None:
    """Pay what the wallet did not cover."""
    stage.screen.act("Lina pays; Konnect says so three times, and Google is out of order")
    rest = booked.price - TOP_UP
    link = pay_link(lina, booked.payment_id)
    _order_faults(stage, booked, mounir.email)
    if dinars(rest) not in stage.outside.open_pay_page(link):
        raise Failed(f"Konnect's pay page does not ask for {dinars(rest)}: {link}")
    stage.outside.click_pay(link)
    stage.screen.step("Lina", f"opens the pay page, which asks for {priced(rest)}, and clicks Pay")
    wait_for_capture(lina, booked.payment_id)
    stage.screen.step("Celery", "has heard the webhook, asked Konnect, and captured the payment")
    confirmed = lina.wait_for_status(f"/bookings/{booked.id}", "confirmed")
    expect("the escrow", confirmed["escrow"]["status"], "funded")
    stage.screen.step("Celery", f"has funded the escrow: the booking is confirmed{_since_the_start(stage)}")
    _count_webhooks(stage, booked)
    _read_history(stage, lina, [("fund", -booked.price), ("capture", rest), ("capture", TOP_UP)])
    money.show("paid", taken=rest, held=-TOP_UP, escrow=booked.price)


def _order_faults(stage: Stage, booked: Booked, mentor_email: str) -> None:
    stage.outside.order_fault("duplicate_webhooks", copies=WEBHOOKS - 1, seconds=0.1, order_id=booked.payment_id)
    stage.screen.fault(f"is ordered to call the webhook of this payment {WEBHOOKS} times")
    stage.outside.order_fault("google_5xx", status=503, on="insert", email=mentor_email)
    stage.screen.fault("is ordered to answer 503 when Google is asked for a Meet link")


def _since_the_start(stage: Stage) -> str:
    if not stage.world.has_own_postgres:
        return ""
    return f", {seconds_since_postgres_started(stage.world.database_url):.1f} s after PostgreSQL started"


def _count_webhooks(stage: Stage, booked: Booked) -> None:
    answers = stage.outside.wait_for_webhooks(booked.payment_id, WEBHOOKS)
    expect("the answers to the webhook", answers, [200] * WEBHOOKS)
    stage.screen.step("Konnect", f"has called {len(answers)} times and was answered {', '.join(map(str, answers))}")


def _read_history(stage: Stage, lina: Caller, wanted: list[tuple[str, int]]) -> None:
    moves = [(one["kind"], one["amount"]["amount"]) for one in lina.get("/wallet/transactions")["items"]]
    expect("the history of her wallet", moves, wanted)
    told = ", ".join(f"{'+' if amount > 0 else ''}{dinars(amount)}" for _, amount in reversed(moves))
    stage.screen.step("Lina", f"sees in her wallet {told}: each of them once")
