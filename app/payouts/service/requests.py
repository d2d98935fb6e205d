"""What mentors do: ask for their earnings, and take the request back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from app.infra.clock import business_now
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import service as payments
from app.payouts import queries, rules
from app.payouts.errors import LinkCanStillBePaid, NoDestination, NoSuchPayout
from app.payouts.models import Payout
from app.payouts.service.steps import give_back, take
from app.payouts.states import PayoutState, PayoutStep


def request_payout(session: Session, mentor_id: UUID, amount: Money) -> UUID:
    """Put earnings on their way out and return the payout's id.

    Raises UnsupportedCurrency, AmountNotPayable, NoDestination, InsufficientFunds. Of two requests for one balance
    the ledger's lock on the earnings lets one through.
    """
    payments.check_payable(amount)
    destination = queries.find_destination(session, mentor_id)
    if destination is None:
        raise NoDestination
    payout = Payout(
        id=new_id(), mentor_id=mentor_id, asked=amount, destination=destination, status=PayoutState.PENDING,
        requested_at=business_now(session),
    )  # fmt: skip
    session.add(payout)
    lines = {accounts.earnings(mentor_id): -amount, accounts.payout_pending(payout.id): amount}
    ledger.post(session, f"payout:{payout.id}", "payout", lines)
    return payout.id


def cancel(session: Session, mentor_id: UUID, payout_id: UUID) -> None:
    """Take a request back before it is approved: the money is earnings again.

    Raises NoSuchPayout, IllegalTransition, and LinkCanStillBePaid while an old link may yet take the money.
    """
    payout = queries.lock_payout(session, payout_id)
    if payout is None or payout.mentor_id != mentor_id:
        raise NoSuchPayout
    take(session, payout, PayoutStep.CANCEL)
    if not rules.may_be_given_back(queries.attempts_of(session, [payout.id]), business_now(session)):
        raise LinkCanStillBePaid
    give_back(session, payout, payout.asked)
