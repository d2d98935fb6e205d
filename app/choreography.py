"""Which task reacts to which event: the whole flow of the house on one page.

Handed to the outbox at the start of every process. An event that is missing here cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.booking.events import (
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingDisputed,
    BookingExpired,
    BookingPaidLate,
    EscrowReleased,
)
from app.identity.events import UserRegistered, VerificationRequested
from app.infra.outbox import Reaction
from app.infra.outbox.events import DeliveryDied
from app.kernel.events import Event
from app.ops.events import ClockMoved
from app.payments.events import (
    PaymentCaptured,
    PaymentCapturedLate,
    PaymentConflicted,
    PaymentFailed,
    PaymentOpened,
    PollDue,
    WebhookReceived,
)
from app.payouts.events import (
    PayoutApproved,
    PayoutBecameUnknown,
    PayoutConflicted,
    PayoutLinkRefused,
    PayoutPaid,
    PayoutPaidLate,
    PayoutPollDue,
    PayoutRejected,
    PayoutWebhookReceived,
)

_VERIFY = Reaction("tasks.identity.send_verification", queue="notifications", tries=3)
_APPLY_PAYMENT = Reaction("tasks.booking.apply_payment", queue="booking", ordered_by="order_id", order="order")
_SETTLE = Reaction("tasks.payments.settle", queue="payments", ordered_by="payment_id", order="payment")
_SETTLE_PAYOUT = Reaction("tasks.payouts.settle", queue="payouts", ordered_by="attempt_id", order="payout_attempt")
_ALARM = Reaction("tasks.ops.raise_alarm", queue="maintenance")
_TELL_CONFIRMED = Reaction("tasks.booking.send_confirmation", queue="notifications", tries=3)
_TELL_CANCELLED = Reaction("tasks.booking.send_cancellation", queue="notifications", tries=3)

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    # identity
    UserRegistered: (_VERIFY,),
    VerificationRequested: (_VERIFY,),
    # payments
    PaymentOpened: (Reaction("tasks.payments.open_checkout", queue="payments"),),
    WebhookReceived: (_SETTLE,),
    PollDue: (_SETTLE,),
    PaymentCaptured: (_APPLY_PAYMENT,),
    PaymentCapturedLate: (_APPLY_PAYMENT,),
    PaymentConflicted: (_ALARM,),
    PaymentFailed: (_ALARM,),
    # payouts
    PayoutApproved: (Reaction("tasks.payouts.open_link", queue="payouts"),),
    PayoutWebhookReceived: (_SETTLE_PAYOUT,),
    PayoutPollDue: (_SETTLE_PAYOUT,),
    PayoutPaid: (),
    PayoutRejected: (),
    PayoutPaidLate: (_ALARM,),
    PayoutConflicted: (_ALARM,),
    PayoutLinkRefused: (_ALARM,),
    PayoutBecameUnknown: (_ALARM,),
    # booking
    BookingConfirmed: (_TELL_CONFIRMED,),
    BookingCancelled: (
        Reaction("tasks.payments.close_attempts", queue="payments"),
        _TELL_CANCELLED,
    ),
    BookingExpired: (_TELL_CANCELLED,),
    BookingPaidLate: (_TELL_CANCELLED,),
    BookingCompleted: (),
    BookingDisputed: (_ALARM,),
    EscrowReleased: (Reaction("tasks.booking.send_release", queue="notifications", tries=3),),
    # ops and infra
    ClockMoved: (Reaction("tasks.maintenance.run_due_sweeps", queue="maintenance"),),
    DeliveryDied: (Reaction("tasks.ops.report_dead_letter", queue="dead_letter", tries=5),),
}
