"""Money in wallets, and payments that the gateway tells of, for tests of bookings."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.infra.config import settings
from app.kernel.money import Money
from app.mentors.service import WeeklyRule
from app.payments import queries
from app.payments import service as payments
from tests.factories.identity import MadeUser
from tests.factories.payments import snapshot, tnd

#: A mentor who never sleeps: sessions of an hour begin at every full hour.
ALWAYS = tuple(WeeklyRule(weekday, 0, 24 * 60) for weekday in range(7))


def give_money(session: Session, user: MadeUser, minor: int) -> None:
    """Have the user bring this many millimes into their wallet."""
    settle_payment(session, payments.open_top_up(session, user.id, tnd(minor)), tnd(minor))


def settle_payment(session: Session, payment_id: UUID, paid: Money) -> None:
    """Let the gateway tell that an attempt was paid in full; what follows is left to the tasks."""
    attempt = queries.find_payment(session, payment_id)
    assert attempt is not None
    ref = attempt.payment_ref or payment_id.hex[-24:]  # as long as the gateway's own
    told = snapshot(
        payment_ref=ref, order_id=str(payment_id), amount=paid.minor, reached=paid.minor,
        receiver=settings().konnect_wallet_id,
    )  # fmt: skip
    payments.settle(session, payment_id, told, had_expired=False, is_last=False)
