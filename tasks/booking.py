"""What booking decides about events: money that came, mails to its two people."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.booking import handlers
from app.gateways import mail
from app.infra.db import session_scope
from tasks.delivery import Errand, in_one_transaction, with_outside_calls


@in_one_transaction
def apply_payment(session: Session, event: Any) -> None:
    """Confirm the booking that was paid for, take an expired one up again, or mark it paid late."""
    handlers.apply_payment(session, event.order_id)


@with_outside_calls
def send_confirmation(errand: Errand) -> None:
    """Mail both people that the session will take place."""
    with session_scope() as session:
        letters = handlers.write_confirmation(session, errand.event.booking_id)
    mail.send(*letters)


@with_outside_calls
def send_cancellation(errand: Errand) -> None:
    """Mail whom it concerns that the session will not take place."""
    with session_scope() as session:
        letters = handlers.write_ending(session, errand.event.booking_id)
    mail.send(*letters)


@with_outside_calls
def send_release(errand: Errand) -> None:
    """Mail the mentor that the money of a session is theirs."""
    with session_scope() as session:
        letters = handlers.write_release(session, errand.event.booking_id)
    mail.send(*letters)
