"""Sweeps: started by Beat every few seconds, and all at once when business time is moved. Any number may run."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy.orm import Session

from app.booking import service as booking
from app.infra import idempotency
from app.infra.db import session_scope
from app.notifications import service as notifications
from app.ops import alarms, books
from app.payments import service as payments
from app.payouts import service as payouts
from tasks.delivery import Errand, with_outside_calls
from tasks.worker import app

log = logging.getLogger(__name__)


@app.task
def expire_bookings() -> None:
    """End unpaid bookings past their deadline, each in a transaction of its own."""
    _until_none_is_left(booking.expire_one)


@app.task
def complete_bookings() -> None:
    """Complete confirmed bookings whose time is over."""
    _until_none_is_left(booking.complete_one)


@app.task
def release_escrows() -> None:
    """Pay the mentors of completed bookings whose window has passed."""
    _until_none_is_left(booking.release_one)


@app.task
def poll_payments() -> None:
    """Have the payments looked at whose time has come."""
    with session_scope() as session:
        payments.record_due_polls(session)


@app.task
def poll_payouts() -> None:
    """Have the links of payouts looked at whose time has come; what expired unpaid is pending again after that."""
    with session_scope() as session:
        payouts.record_due_polls(session)


@app.task
def check_books() -> None:
    """Check every invariant; a broken one is logged as an error and raises an alarm."""
    with session_scope() as session:
        broken = [checked for checked in books.check_invariants(session) if not checked.holds]
    for checked in broken:
        log.error("the books are wrong: %s: %s", checked.name, checked.detail)
        with session_scope() as session:
            notifications.raise_alarm(session, alarms.alarm_about_books(checked))


@app.task
def purge_idempotency_keys() -> None:
    """Delete stored answers past their time."""
    with session_scope() as session:
        idempotency.purge(session)


@with_outside_calls
def run_due_sweeps(errand: Errand) -> None:  # noqa: ARG001 - the fact that the clock moved says all there is to know
    """Run the sweeps that follow business time at once, because it was moved."""
    for sweep in (expire_bookings, poll_payments, poll_payouts, complete_bookings, release_escrows):
        sweep()


def _until_none_is_left(one: Callable[[Session], bool]) -> None:
    """Do one after the other, each in a transaction of its own: locks stay few, and what is done stays done."""
    found = True
    while found:
        with session_scope() as session:
            found = one(session)
