"""What becomes of a booking."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine, pairs


class BookingState(StrEnum):
    """Where a booking stands (API §4)."""

    AWAITING_PAYMENT = "awaiting_payment"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"  #: held, the window runs
    CLOSED = "closed"  #: the escrow was released
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PAID_LATE = "paid_late"  #: money came when the slot was gone: it lies in the learner's wallet
    DISPUTED = "disputed"


class BookingStep(StrEnum):
    """What happens to a booking."""

    CONFIRM = "confirm"
    EXPIRE = "expire"
    CANCEL = "cancel"
    TAKE_UP_AGAIN = "take_up_again"
    MISS = "miss"
    COMPLETE = "complete"
    REPORT_PROBLEM = "report_problem"
    CLOSE = "close"
    RESOLVE_BY_RELEASE = "resolve_by_release"
    RESOLVE_BY_RETURN = "resolve_by_return"


_S, _E = BookingState, BookingStep
_BEFORE_THE_SESSION = (_E.CONFIRM, _E.EXPIRE, _E.CANCEL)
_AFTER_THE_SESSION = (_E.COMPLETE, _E.REPORT_PROBLEM, _E.CLOSE)
_RESOLVE = (_E.RESOLVE_BY_RELEASE, _E.RESOLVE_BY_RETURN)
_LATE_MONEY = (_E.TAKE_UP_AGAIN, _E.MISS)

BOOKING = Machine(
    name="booking",
    initial=frozenset({_S.AWAITING_PAYMENT, _S.CONFIRMED}),  # the latter where the wallet covers it
    rows={
        (_S.AWAITING_PAYMENT, _E.CONFIRM): _S.CONFIRMED,
        (_S.AWAITING_PAYMENT, _E.EXPIRE): _S.EXPIRED,
        (_S.AWAITING_PAYMENT, _E.CANCEL): _S.CANCELLED,
        (_S.CONFIRMED, _E.CANCEL): _S.CANCELLED,
        (_S.EXPIRED, _E.TAKE_UP_AGAIN): _S.CONFIRMED,
        (_S.EXPIRED, _E.MISS): _S.PAID_LATE,
        (_S.CONFIRMED, _E.COMPLETE): _S.COMPLETED,
        (_S.CONFIRMED, _E.REPORT_PROBLEM): _S.DISPUTED,
        (_S.COMPLETED, _E.REPORT_PROBLEM): _S.DISPUTED,
        (_S.COMPLETED, _E.CLOSE): _S.CLOSED,
        (_S.DISPUTED, _E.RESOLVE_BY_RELEASE): _S.CLOSED,
        (_S.DISPUTED, _E.RESOLVE_BY_RETURN): _S.CANCELLED,
    },
    refused=(
        pairs([_S.AWAITING_PAYMENT], (_E.COMPLETE, _E.REPORT_PROBLEM, _E.CLOSE, *_RESOLVE, *_LATE_MONEY))
        | pairs([_S.CONFIRMED], (_E.CONFIRM, _E.EXPIRE, _E.CLOSE, *_RESOLVE, *_LATE_MONEY))
        | pairs([_S.COMPLETED], (*_BEFORE_THE_SESSION, _E.COMPLETE, *_RESOLVE, *_LATE_MONEY))
        | pairs([_S.DISPUTED], (*_BEFORE_THE_SESSION, *_AFTER_THE_SESSION, *_LATE_MONEY))
        | pairs([_S.EXPIRED], (*_BEFORE_THE_SESSION, *_AFTER_THE_SESSION, *_RESOLVE))
        | pairs((_S.CLOSED, _S.CANCELLED, _S.PAID_LATE), BookingStep)  # nothing follows
    ),
)

#: A booking in one of these takes its time: no other may overlap it, for its mentor or for its learner.
ACTIVE = (_S.AWAITING_PAYMENT, _S.CONFIRMED, _S.COMPLETED, _S.CLOSED, _S.DISPUTED)
