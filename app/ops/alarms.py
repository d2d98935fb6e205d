"""What the back office is told: which words for which event. Money alarms are raised here, above the ledger.

Only ids, amounts and words of ours get in. Of an error that means its class: its message may quote an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.booking import service as booking
from app.booking.events import BookingDisputed
from app.gateways.google import errors as google
from app.infra.outbox import dead_letters
from app.infra.outbox.events import DeliveryDied
from app.kernel.errors import TransientFailure, UnknownOutcome
from app.kernel.events import Event
from app.notifications.service import Alarm
from app.notifications.states import AlarmType, Severity
from app.ops.books import Checked
from app.ops.health import Turn
from app.ops.states import HealthStatus
from app.payments import service as payments
from app.payments.events import PaymentConflicted, PaymentFailed, PaymentUnclear
from app.payouts import service as payouts
from app.payouts.events import PayoutBecameUnknown, PayoutConflicted, PayoutLinkRefused, PayoutPaidLate

#: Where work that was given up may have left money on its way.
MONEY_QUEUES = frozenset({"payments", "payouts", "escrow"})

#: Where work that was given up is the failure of somebody else's system; money and booking are as they should be.
INTEGRATION_QUEUES = frozenset({"calendar"})

#: How another system fails. Anything else there is a mistake of ours, or data that should not be.
INTEGRATION_ERRORS = frozenset(
    error.__name__
    for error in (
        TransientFailure, UnknownOutcome, google.GoogleUnavailable, google.GoogleLimited, google.QuotaUsedUp,
        google.GoogleRefused, google.ClientRefused, google.MeetPending, google.ForeignEvent,
    )
)  # fmt: skip

#: Where a person says how a payout ended.
_RESOLVE = "POST /api/v1/admin/payouts/{}/resolve"

#: How loud a check of health is.
SEVERITY_OF_HEALTH: Mapping[HealthStatus, Severity] = {
    HealthStatus.HEALTHY: Severity.INFO,
    HealthStatus.DEGRADED: Severity.WARNING,
    HealthStatus.UNHEALTHY: Severity.CRITICAL,
}

#: How much of an invariant's detail is kept, in characters.
DETAIL_LIMIT = 2_000


def alarm_about(session: Session, event: Event) -> Alarm:
    """Return what to tell of an event; raise KeyError for one that the choreography should not have sent here."""
    return WRITERS[type(event)](session, event)


def alarm_about_books(broken: Checked) -> Alarm:
    """Return what to tell of an invariant that does not hold: one cause each, however often it is checked."""
    return Alarm(
        type=AlarmType.SYSTEM_ERROR,
        severity=Severity.CRITICAL,
        title="The books are wrong",
        message=f"This must always hold, and does not: {broken.name}. Look at GET /api/v1/admin/books.",
        cause=f"invariant: {broken.name}",
        metadata={"invariant": broken.name, "detail": broken.detail[:DETAIL_LIMIT]},
    )


def alarm_about_unchecked_books(unchecked: Sequence[Checked]) -> Alarm:
    """Return what to tell of invariants that could not be checked: one cause for all."""
    return Alarm(
        type=AlarmType.SYSTEM_ERROR,
        severity=Severity.CRITICAL,
        title="The books cannot be checked",
        message="Nobody knows whether all holds that must: the database did not answer in time.",
        cause="invariants not checked",
        metadata={
            "invariants": "; ".join(one.name for one in unchecked)[:DETAIL_LIMIT],
            "detail": unchecked[0].detail[:DETAIL_LIMIT],
        },
    )


def alarm_about_turn(turn: Turn) -> Alarm:
    """Return what to tell of a check that has turned: one cause for not being well, one for being so again."""
    check, is_well = turn.check, turn.check.status == HealthStatus.HEALTHY
    return Alarm(
        type=AlarmType.HEALTH_CHECK_FAILURE,
        severity=SEVERITY_OF_HEALTH[check.status],
        title=f"{turn.name}: well again" if is_well else f"{turn.name}: {check.status}",
        message=f"It was {turn.was}. Now: {check.detail}. {check.advice or 'Nothing is left to do.'}",
        cause=f"health: {turn.name}{' is well again' if is_well else ''}",
        metadata={"check": turn.name, "status": check.status, "was": turn.was},
    )


def _payment_conflicted(session: Session, event: PaymentConflicted) -> Alarm:
    """Each has a cause of its own: each is money that a person must find a home for."""
    payment = payments.show_payment(session, event.payment_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.CRITICAL,
        title="A payment is not the one that we asked for",
        message=(
            f"{payment.gateway} tells of another amount, currency, order or receiver than we asked for. Money that it"
            f" reports in a currency of ours lies on suspense:{payment.gateway} until it is decided whose it is."
        ),
        cause=f"payment conflicted: {payment.id}",
        related_kind="payment",
        related_id=payment.id,
        metadata=_asked(payment),
    )


def _payment_failed(session: Session, event: PaymentFailed) -> Alarm:
    """One cause for a gateway: a key that ran out refuses every payment alike."""
    payment = payments.show_payment(session, event.payment_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.ERROR,
        title="A gateway refuses our payments",
        message=(
            f"{payment.gateway} refused to open a payment, this one the latest. Nobody can pay there"
            " if its key or our account there is no longer good."
        ),
        cause=f"payment failed: {payment.gateway}",
        related_kind="payment",
        related_id=payment.id,
        metadata=_asked(payment),
    )


def _payment_unclear(session: Session, event: PaymentUnclear) -> Alarm:
    """One cause for a gateway: a word that it begins to use, or a day without answers, concerns all payments alike."""
    payment = payments.show_payment(session, event.payment_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.ERROR,
        title="A gateway does not say whether a payment was paid",
        message=(
            f"Either {payment.gateway} tells of payments in a word that we do not know, or it could not be asked until"
            " the day after a link's expiry was over. This payment is the latest. Look at the gateway what became of"
            " those that are unknown here."
        ),
        cause=f"payment unclear: {payment.gateway}",
        related_kind="payment",
        related_id=payment.id,
        metadata=_asked(payment),
    )


def _payout_paid_late(session: Session, event: PayoutPaidLate) -> Alarm:
    """Each has a cause of its own: each may be money that somebody has twice."""
    payout = payouts.show_payout(session, event.payout_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.CRITICAL,
        title="A payout link that had ended was paid",
        message=(
            f"The payout is {payout.status}. Pay no other link of it. What the mentor received too much was taken from"
            f" the earnings as far as they reached; {payout.debt} of it is owed to us."
        ),
        cause=f"payout paid late: {event.attempt_id}",
        related_kind="payout",
        related_id=payout.id,
        metadata=_payout(payout, event.attempt_id) | {"debt": str(payout.debt)},
    )


def _payout_conflicted(session: Session, event: PayoutConflicted) -> Alarm:
    """Each has a cause of its own: each is money that went somewhere."""
    payout = payouts.show_payout(session, event.payout_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.CRITICAL,
        title="A payout was paid otherwise than it asks",
        message=(
            "The gateway tells of another amount, currency, order or receiver. What it reports in a currency of ours"
            " lies on suspense until it is decided whose it is; the payout is not paid again by itself. Look at the"
            f" gateway, then say how much the mentor has received: {_RESOLVE.format(payout.id)}."
        ),
        cause=f"payout conflicted: {event.attempt_id}",
        related_kind="payout",
        related_id=payout.id,
        metadata=_payout(payout, event.attempt_id),
    )


def _payout_link_refused(session: Session, event: PayoutLinkRefused) -> Alarm:
    """One cause for a payout: its destination may be no wallet."""
    payout = payouts.show_payout(session, event.payout_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.ERROR,
        title="The gateway refuses the link of a payout",
        message="Its destination may be no wallet, or our key no longer good. The payout waits to be decided again.",
        cause=f"payout link refused: {payout.id}",
        related_kind="payout",
        related_id=payout.id,
        metadata=_payout(payout, event.attempt_id),
    )


def _payout_became_unknown(session: Session, event: PayoutBecameUnknown) -> Alarm:
    """One cause for a payout."""
    payout = payouts.show_payout(session, event.payout_id, None)
    return Alarm(
        type=AlarmType.PAYMENT_ANOMALY,
        severity=Severity.ERROR,
        title="Nobody can say whether a payout was paid",
        message=(
            "Either the gateway's answer about its link was lost, and nobody has seen the link: approve the payout"
            " again for a new one. Or the link has expired and the gateway does not answer: it is asked again, and who"
            f" knows more than it says how much the mentor has received: {_RESOLVE.format(payout.id)}."
        ),
        cause=f"payout unknown: {payout.id}",
        related_kind="payout",
        related_id=payout.id,
        metadata=_payout(payout, event.attempt_id),
    )


def _booking_disputed(session: Session, event: BookingDisputed) -> Alarm:
    """What the learner wrote is not repeated here: it stands at the booking, for those who may see it."""
    frozen = booking.show_booking(session, event.booking_id, None).escrow
    return Alarm(
        type=AlarmType.SESSION_ISSUE,
        severity=Severity.WARNING,
        title="A learner reported a problem with a session",
        message=(
            "Its money is frozen until somebody decides whose it is:"
            f" POST /api/v1/admin/bookings/{event.booking_id}/resolve."
        ),
        cause=f"booking disputed: {event.booking_id}",
        related_kind="booking",
        related_id=event.booking_id,
        metadata={"frozen": str(frozen.amount) if frozen else None},
    )


def _delivery_died(session: Session, event: DeliveryDied) -> Alarm:
    """One cause for a task: what breaks it breaks all its deliveries, and the dead letters list every one."""
    letter = dead_letters.show(session, event.delivery_id)
    delivery, error = letter.delivery, _kind_of_error(letter)
    of_integration = delivery.queue in INTEGRATION_QUEUES
    return Alarm(
        type=AlarmType.INTEGRATION_FAILURE if of_integration else AlarmType.SYSTEM_ERROR,
        severity=_severity_of_death(delivery.queue, error),
        title=f"Given up: {delivery.task}",
        message=(
            f"{delivery.task} was tried {delivery.attempts} times and will not be tried again. Put right what"
            f" is wrong, then replay or discard it: /api/v1/admin/dead-letters/{delivery.id}."
        ),
        # Another system fails in ways that are put right in different ways.
        cause=f"dead letter: {delivery.task}{f': {error}' if of_integration else ''}",
        related_kind="delivery",
        related_id=delivery.id,
        metadata={
            "delivery_id": str(delivery.id), "task": delivery.task, "queue": delivery.queue,
            "event": letter.event.type, "attempts": delivery.attempts, "error": error,
            **({"trace": letter.event.correlation_id} if of_integration else {}),
        },
    )  # fmt: skip


def _severity_of_death(queue: str, error: str) -> Severity:
    unexpected = queue in INTEGRATION_QUEUES and error not in INTEGRATION_ERRORS
    return Severity.CRITICAL if unexpected or queue in MONEY_QUEUES else Severity.ERROR


#: Which words for which event.
WRITERS: Mapping[type[Event], Callable[[Session, Any], Alarm]] = {
    PaymentConflicted: _payment_conflicted,
    PaymentFailed: _payment_failed,
    PaymentUnclear: _payment_unclear,
    PayoutPaidLate: _payout_paid_late,
    PayoutConflicted: _payout_conflicted,
    PayoutLinkRefused: _payout_link_refused,
    PayoutBecameUnknown: _payout_became_unknown,
    BookingDisputed: _booking_disputed,
    DeliveryDied: _delivery_died,
}


def _asked(payment: payments.PaymentView) -> dict[str, str | int | None]:
    return {"gateway": payment.gateway, "asked": str(payment.amount), "order_id": _text(payment.order_id)}


def _payout(payout: payouts.PayoutView, attempt_id: UUID) -> dict[str, str | int | None]:
    return {"amount": str(payout.amount), "attempt_id": str(attempt_id)}


def _kind_of_error(letter: dead_letters.DeadLetter) -> str:
    """Return the class of the last error; attempts are kept as "Class: message"."""
    return (letter.attempts[-1].error or "").partition(":")[0]


def _text(found: UUID | None) -> str | None:
    return str(found) if found else None
