"""The mentor's earnings leave: he asks, somebody else approves, a person pays the link, once."""

from __future__ import annotations

import secrets

from demo.caller import Caller
from demo.dinars import in_dinars, priced
from demo.failures import expect
from demo.moneytrail import MoneyTrail, Payout
from demo.stage import Stage
from demo.wire import Answer


def play(stage: Stage, mounir: Caller, admin: Caller, earned: int, money: MoneyTrail) -> Payout:
    """Return the payout, paid."""
    stage.screen.act("Mounir is paid out")
    wallet = secrets.token_hex(12)
    mounir.call("PUT", "/payouts/destination", {"konnect_wallet_id": wallet})
    payout = _request(stage, mounir, earned)
    money.payout = Payout(payout)
    money.show("requested", mentor=-earned, leaving=earned)
    link = _approve(stage, mounir, admin, payout)
    money.payout = Payout(payout, link["attempts"][0]["id"])
    _pay(stage, link, money.payout, wallet, earned)
    mounir.wait_for_status(f"/payouts/{payout}", "paid")
    stage.screen.step("Celery", "has heard the webhook, asked Konnect, and closed the payout: it is paid")
    money.show("paid out", leaving=-earned, paid_out=earned)
    return money.payout


def _request(stage: Stage, mounir: Caller, earned: int) -> str:
    too_much = {"amount": in_dinars(earned + 1)}
    mounir.be_refused("/payouts", too_much, 409, "insufficient_funds", key=secrets.token_hex(8))
    stage.screen.step("Mounir", f"asks for {priced(earned + 1)}, a millime too many: 409 insufficient_funds")
    payout: str = mounir.post("/payouts", {"amount": in_dinars(earned)}, key=secrets.token_hex(8))["id"]
    stage.screen.step("Mounir", f"asks for {priced(earned)}, to be sent to his own wallet at Konnect")
    return payout


def _approve(stage: Stage, mounir: Caller, admin: Caller, payout: str) -> Answer:
    """Return the approved payout as the back office sees it, with the link to pay it by."""
    path = f"/admin/payouts/{payout}"
    mounir.be_refused(f"{path}/approve", {}, 403, "forbidden")
    stage.screen.step("Mounir", "tries to approve it himself: 403 forbidden")
    admin.post(f"{path}/approve", {})
    stage.screen.step("Admin", "approves it")
    return admin.follow(
        path,
        "a link to pay the payout by",
        lambda it: it["pay_url"] is not None,
        lambda it: f"a payout that is {it['status']}, without a link",
    )


def _pay(stage: Stage, link: Answer, payout: Payout, wallet: str, earned: int) -> None:
    stage.outside.click_pay(link["pay_url"])
    paid = stage.outside.payment_at_konnect(str(payout.link_id))
    expect("whom Konnect has paid, and what", (paid["receiver_wallet"], paid["reached_amount"]), (wallet, earned))
    stage.screen.step("Admin", f"pays the link that Konnect gave: {priced(earned)} to Mounir's wallet")
