"""Fund an escrow, release it, give it back, freeze it: every movement of a booking's money after it was paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from app.escrow import queries, rules
from app.escrow.models import Escrow
from app.escrow.states import ESCROW, EscrowState, EscrowStep
from app.infra.clock import business_now
from app.kernel.money import Money
from app.ledger import accounts
from app.ledger import service as ledger
from app.payments import service as payments


@dataclass(frozen=True)
class EscrowView:
    """An escrow as people of the booking see it. `earned`: the mentor's part of it, once it is released."""

    status: str
    amount: Money
    earned: Money


def fund(
    session: Session, booking_id: UUID, order_id: UUID, *, payer_id: UUID, mentor_id: UUID, fee_basis_points: int
) -> None:
    """Pay the booking's order out of what is held for it, into the escrow. A free booking has none.

    Raises PostingRefused when the holds do not cover the order, IllegalTransition when it was paid before.
    """
    paid = payments.pay_order(session, order_id, ref=f"fund:{booking_id}", to=accounts.escrow(booking_id))
    if paid:
        session.add(
            Escrow(
                booking_id=booking_id, order_id=order_id, payer_id=payer_id, mentor_id=mentor_id, paid=paid,
                fee_basis_points=fee_basis_points, status=EscrowState.FUNDED, funded_at=business_now(session),
            )
        )  # fmt: skip


def release(session: Session, booking_id: UUID) -> None:
    """Pay the mentor's earnings and our fee out of a funded or frozen escrow. A free booking has none."""
    escrow = _end(session, booking_id, EscrowStep.RELEASE)
    if escrow is None:
        return
    fee, part = rules.split(escrow.paid, escrow.fee_basis_points)
    shares = {accounts.earnings(escrow.mentor_id): part, accounts.FEE_REVENUE: fee}
    lines = {accounts.escrow(booking_id): -escrow.paid, **{code: share for code, share in shares.items() if share}}
    ledger.post(session, f"release:{booking_id}", "release", lines)


def refund(session: Session, booking_id: UUID, order_id: UUID) -> None:
    """Give all of it back to the payer's wallet: order first, then escrow, then the ledger. A free booking has none."""
    payments.return_order(session, order_id)
    escrow = _end(session, booking_id, EscrowStep.REFUND)
    if escrow is not None:
        lines = {accounts.escrow(booking_id): -escrow.paid, accounts.deposit(escrow.payer_id): escrow.paid}
        ledger.post(session, f"return:{booking_id}", "return", lines)


def freeze(session: Session, booking_id: UUID) -> None:
    """Keep the money where it is until a person has decided; no posting. A free booking has none."""
    if queries.find_escrows(session, [booking_id]):
        escrow = queries.lock_escrow(session, booking_id)
        escrow.status = ESCROW.transition(EscrowState(escrow.status), EscrowStep.FREEZE)


def show_escrows(session: Session, booking_ids: Sequence[UUID]) -> dict[UUID, EscrowView]:
    """Return the escrows of bookings, by booking."""
    found = queries.find_escrows(session, booking_ids)
    return {escrow.booking_id: _view(escrow) for escrow in found}


def _view(escrow: Escrow) -> EscrowView:
    _, earned = rules.split(escrow.paid, escrow.fee_basis_points)
    return EscrowView(escrow.status, escrow.paid, earned)


def _end(session: Session, booking_id: UUID, step: EscrowStep) -> Escrow | None:
    """Lock the escrow, if there is one, and end it; two sweeps that meet here release once."""
    if not queries.find_escrows(session, [booking_id]):
        return None
    escrow = queries.lock_escrow(session, booking_id)
    escrow.status = ESCROW.transition(EscrowState(escrow.status), step)
    escrow.ended_at = business_now(session)
    return escrow
