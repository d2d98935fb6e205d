"""Two strangers come in."""

from __future__ import annotations

from demo import people
from demo.caller import Caller
from demo.people import Account
from demo.stage import Stage


def play(stage: Stage) -> tuple[Caller, Caller]:
    """Return Mounir and Lina, signed in."""
    stage.screen.act("Two people register and confirm their mail")
    mounir, lina = people.new_account("Mounir"), people.new_account("Lina")
    for account in (mounir, lina):
        people.register(stage.nobody, account)
        stage.screen.step(account.name, f"registers as {account.email}")
    return _enter(stage, mounir), _enter(stage, lina)


def _enter(stage: Stage, account: Account) -> Caller:
    people.confirm(stage.nobody, stage.outside, account)
    person = people.sign_in(stage.nobody, account)
    stage.screen.step(account.name, "opens the link in the mail, and signs in")
    return person
