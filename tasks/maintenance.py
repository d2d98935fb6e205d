"""Sweeps: started by Beat every few seconds, and all at once when business time is moved. Any number may run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session

from app.booking import service as booking
from app.identity import service as identity
from app.infra import idempotency
from app.infra.db import session_scope
from app.infra.outbox import canaries
from app.notifications import service as notifications
from app.ops import alarms, books
from app.payments import service as payments
from app.payouts import service as payouts
from tasks.delivery import Errand, in_one_transaction, with_outside_calls
from tasks.worker import app

log = logging.getLogger(__name__)

#: How much of what is due a sweep looks up at once.
BATCH = 500

#: How many batches a sweep does at most: it must end, even where new work falls due as fast as it goes.
MOST_BATCHES = 1_000


@app.task
def expire_bookings() -> None:
    """End unpaid bookings past their deadline, each in a transaction of its own."""
    _do_all(booking.find_overdue, booking.expire)


@app.task
def complete_bookings() -> None:
    """Complete confirmed bookings whose time is over."""
    _do_all(booking.find_ended, booking.complete)


@app.task
def release_escrows() -> None:
    """Pay the mentors of completed bookings whose window has passed."""
    _do_all(booking.find_releasable, booking.release)


@app.task
def poll_payments() -> None:
    """Have the payments looked at whose time has come."""
    _in_batches(payments.record_due_polls)


@app.task
def poll_payouts() -> None:
    """Have the links of payouts looked at whose time has come; what expired unpaid is pending again after that."""
    _in_batches(payouts.record_due_polls)


@app.task
def check_books() -> None:
    """Check every invariant; one that is broken, or cannot be checked, is logged as an error and raises an alarm."""
    with session_scope() as session:
        wrong = [checked for checked in books.check_invariants(session) if not checked.holds]
    raised = [alarms.alarm_about_books(checked) for checked in wrong if checked.is_checked]
    if unchecked := [checked for checked in wrong if not checked.is_checked]:
        raised.append(alarms.alarm_about_unchecked_books(unchecked))
    for checked in wrong:
        log.error("the books are wrong: %s: %s", checked.name, checked.detail)
    with session_scope() as session:
        for alarm in raised:
            notifications.raise_alarm(session, alarm)


@app.task
def purge_idempotency_keys() -> None:
    """Delete stored answers past their time."""
    _in_batches(idempotency.purge)


@app.task
def purge_tokens() -> None:
    """Delete links of mails past their time, and sign-ins past their end with their tokens."""
    _in_batches(identity.purge_links)
    _in_batches(identity.purge_sign_ins)


@app.task
def send_canaries() -> None:
    """Send a canary through every queue in which none is on its way, and forget those that came through before."""
    with session_scope() as session:
        canaries.send(session)


@in_one_transaction
def answer_canary(session: Session, event: Any) -> None:
    """Do nothing: that it is done says that work gets through this queue."""


@with_outside_calls
def run_due_sweeps(errand: Errand) -> None:  # noqa: ARG001 - the fact that the clock moved says all there is to know
    """Run the sweeps that follow business time at once, because it was moved."""
    for sweep in (expire_bookings, poll_payments, poll_payouts, complete_bookings, release_escrows):
        sweep()


def _do_all(find: Callable[[Session, int], Sequence[UUID]], do: Callable[[Session, UUID], None]) -> None:
    """Do all that is due, each in a transaction of its own: locks stay few, and what is done stays done.

    One that fails is passed over and raised at the end: it stays due, and must not keep all others waiting behind it.
    When the task's time is up that is the end: the next sweep finds what is left.
    """
    tried: set[UUID] = set()
    failures: list[Exception] = []
    try:
        while due := _untried(find, tried):
            for one in due:
                tried.add(one)
                failures += _failure_of(do, one)
    except SoftTimeLimitExceeded as error:
        failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(tried)} failed", failures)


def _failure_of(do: Callable[[Session, UUID], None], one: UUID) -> list[Exception]:
    """Do one in a transaction of its own; return how it failed, if it did. That the time is up is no failure of it."""
    try:
        with session_scope() as session:
            do(session, one)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, it is raised when the others are done
        return [error]
    return []


def _in_batches(do: Callable[[Session], int]) -> None:
    """Do some in each transaction until nothing is left to: whoever is interrupted has not worked in vain.

    What is still left after so many batches the next sweep finds.
    """
    for _ in range(MOST_BATCHES):
        with session_scope() as session:
            if not do(session):
                return


def _untried(find: Callable[[Session, int], Sequence[UUID]], tried: Collection[UUID]) -> list[UUID]:
    with session_scope() as session:
        return [one for one in find(session, BATCH) if one not in tried]
