"""Which task reacts to which event: the whole flow of the house on one page.

Handed to the outbox at the start of every process. An event that is missing here cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from app.booking.events import (
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingDisputed,
    BookingExpired,
    BookingPaidLate,
    EscrowReleased,
    LateMoneyKept,
    MeetingArranged,
    MeetingUnwanted,
    MeetingWanted,
)
from app.calendar.events import CalendarConnected, GrantLost
from app.identity.events import UserRegistered, VerificationRequested
from app.infra.outbox import Reaction
from app.infra.outbox.events import CanarySent, DeliveryDied
from app.infra.outbox.reactions import QUEUES
from app.kernel.events import Event
from app.ops.events import ClockMoved
from app.payments.events import (
    PaymentCaptured,
    PaymentCapturedLate,
    PaymentConflicted,
    PaymentFailed,
    PaymentOpened,
    PaymentUnclear,
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
    PayoutReturned,
    PayoutWebhookReceived,
)

_APPLY_PAYMENT = Reaction("tasks.booking.apply_payment", queue="booking", ordered_by="order_id", order="order")
_SETTLE = Reaction("tasks.payments.settle", queue="payments", ordered_by="payment_id", order="payment")
_SETTLE_PAYOUT = Reaction("tasks.payouts.settle", queue="payouts", ordered_by="attempt_id", order="payout_attempt")
_ALARM = Reaction("tasks.ops.raise_alarm", queue="maintenance")
# A cancelled meeting must not overtake its creation, nor a withdrawal the invitation that it withdraws.
_MEETING = partial(Reaction, queue="calendar", tries=20, cap_seconds=120, ordered_by="booking_id", order="meeting")
_NEWS = partial(Reaction, queue="notifications", tries=3)
_LETTER = partial(_NEWS, ordered_by="booking_id", order="letters")
_PAYOUT_LETTER = partial(_NEWS, ordered_by="payout_id", order="payout_letters")
_VERIFY = _NEWS("tasks.identity.send_verification")
_ARRANGE_MEETING = _MEETING("tasks.booking.arrange_meeting")
_CANCEL_MEETING = _MEETING("tasks.booking.cancel_meeting")
_TELL_PAID_LATE = _LETTER("tasks.booking.send_late_payment")
# Whatever kills workers may hit it often: nobody need ever decide about a canary.
_CANARY = partial(Reaction, "tasks.maintenance.answer_canary", tries=1_000, cap_seconds=5)

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
    PaymentConflicted: (_ALARM,),  # the back office writes to the payer, when it knows what to say
    PaymentUnclear: (_ALARM,),
    PaymentFailed: (_ALARM,),  # the payer waits for the link, and sees it fail
    # payouts
    PayoutApproved: (Reaction("tasks.payouts.open_link", queue="payouts"),),  # moves no money: no news for its mentor
    PayoutWebhookReceived: (_SETTLE_PAYOUT,),
    PayoutPollDue: (_SETTLE_PAYOUT,),
    PayoutPaid: (_PAYOUT_LETTER("tasks.payouts.send_paid"),),
    PayoutRejected: (_PAYOUT_LETTER("tasks.payouts.send_rejection"),),
    PayoutReturned: (_PAYOUT_LETTER("tasks.payouts.send_return"),),
    PayoutPaidLate: (_ALARM, _PAYOUT_LETTER("tasks.payouts.send_charge")),
    # What a mentor is told of these follows from what the back office decides.
    PayoutConflicted: (_ALARM,),
    PayoutLinkRefused: (_ALARM,),
    PayoutBecameUnknown: (_ALARM,),
    # booking
    BookingConfirmed: (_ARRANGE_MEETING, _LETTER("tasks.booking.send_confirmation")),
    MeetingWanted: (_ARRANGE_MEETING,),
    MeetingUnwanted: (_CANCEL_MEETING,),
    MeetingArranged: (_LETTER("tasks.booking.send_meeting_link"),),
    BookingCancelled: (
        Reaction("tasks.payments.close_attempts", queue="payments"),
        _CANCEL_MEETING,
        _LETTER("tasks.booking.send_cancellation"),
    ),
    BookingExpired: (_CANCEL_MEETING, _LETTER("tasks.booking.send_expiry")),
    BookingPaidLate: (_TELL_PAID_LATE,),
    LateMoneyKept: (_TELL_PAID_LATE,),
    BookingCompleted: (_LETTER("tasks.booking.send_completion"),),
    BookingDisputed: (_ALARM, _LETTER("tasks.booking.send_dispute")),
    EscrowReleased: (_LETTER("tasks.booking.send_release"),),
    # calendar
    CalendarConnected: (Reaction("tasks.booking.arrange_missing_meetings", queue="booking"),),
    GrantLost: (_NEWS("tasks.calendar.send_reconnect"),),
    # ops and infra
    ClockMoved: (Reaction("tasks.maintenance.run_due_sweeps", queue="maintenance"),),
    DeliveryDied: (Reaction("tasks.ops.report_dead_letter", queue="dead_letter", tries=5),),
    CanarySent: tuple(_CANARY(queue) for queue in QUEUES),
}
