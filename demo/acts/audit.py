"""The books are opened: ours against the gateway's, and against every rule that must always hold."""

from __future__ import annotations

from demo.caller import Caller
from demo.dinars import priced
from demo.failures import Failed, expect
from demo.moneytrail import MoneyTrail, Payout
from demo.postings import posted
from demo.stage import Stage


def play(stage: Stage, admin: Caller, payout: Payout, money: MoneyTrail) -> None:
    """Check everything that was moved."""
    stage.screen.act("The books are checked")
    money.show_all()
    _compare_with_konnect(stage, payout, money)
    books = admin.get("/admin/books")
    cleared = {f"escrow:{booking}" for booking in money.bookings} | {f"payout_pending:{payout.id}"}
    left = {one["account"]: one["balance"]["formatted"] for one in books["clearing"] if one["account"] in cleared}
    expect("what is left in escrow and on its way out", left, {})
    stage.screen.step("Admin", "finds nothing left in escrow or on its way out, and that")
    for invariant in books["invariants"]:
        stage.screen.check(f"{invariant['name']} {invariant['detail']}".rstrip(), holds=invariant["holds"])
    broken = [invariant["name"] for invariant in books["invariants"] if not invariant["holds"]]
    if broken or not books["invariants"]:
        raise Failed(f"The books do not hold: {'; '.join(broken) or 'no invariant was checked'}.")


def _compare_with_konnect(stage: Stage, payout: Payout, money: MoneyTrail) -> None:
    """Compare payment by payment: two mistakes that cancel out are two mistakes."""
    konnect, database = stage.outside, stage.world.database_url
    theirs = {payment: konnect.payment_at_konnect(payment)["reached_amount"] for payment in money.payments}
    ours = {payment: -posted(database, "psp", [f"capture:{payment}"]) for payment in money.payments}
    expect("what our books say that Konnect has taken", ours, theirs)
    sent = konnect.payment_at_konnect(str(payout.link_id))["reached_amount"]
    expect("what our books say that was paid out", posted(database, "psp", [f"payout-paid:{payout.id}"]), sent)
    stage.screen.step(
        "Konnect",
        f"has taken {priced(sum(theirs.values()))} and paid out {priced(sent)}: our books say the same of each",
    )
