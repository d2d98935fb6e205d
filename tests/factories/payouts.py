"""Earnings, and where they go, for tests."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.kernel.ids import new_id
from app.ledger import accounts
from app.ledger import service as ledger
from app.payouts import service
from tests.factories.identity import MadeUser
from tests.factories.mentors import make_mentor
from tests.factories.payments import tnd

MENTORS_WALLET = "a1b2c3d4e5f60718293a4b5c"


def give_earnings(session: Session, mentor: MadeUser, minor: int) -> None:
    """Post millimes to a mentor's earnings without the session that would have earned them."""
    lines = {accounts.suspense("konnect"): tnd(-minor), accounts.earnings(mentor.id): tnd(minor)}
    ledger.post(session, f"earned:{new_id()}", "suspense", lines)


def make_earner(session: Session, minor: int = 45_000, *, wallet: str | None = MENTORS_WALLET) -> MadeUser:
    """Make a mentor who has earned millimes, and who has said where they go unless `wallet` is None."""
    mentor = make_mentor(session)
    if minor:
        give_earnings(session, mentor, minor)
    if wallet:
        service.set_destination(session, mentor.id, wallet)
    return mentor
