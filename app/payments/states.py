"""What becomes of an order and of an attempt to pay."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine, pairs


class OrderState(StrEnum):
    """Money asked for something."""

    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"  #: given up without payment: expired or cancelled
    RETURNED = "returned"  #: was paid, and the money went back to the wallet


class OrderStep(StrEnum):
    """What happens to an order."""

    PAY = "pay"
    CLOSE = "close"
    RETURN = "return"


class PaymentState(StrEnum):
    """One attempt to pay at one gateway."""

    INITIATING = "initiating"
    AWAITING_PAYER = "awaiting_payer"
    CAPTURED = "captured"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELLED = "cancelled"
    #: The answer to our create call was lost, so that nobody has seen its link; or the gateway never said how it ended.
    UNKNOWN = "unknown"
    CONFLICTED = "conflicted"  #: the gateway tells of another amount, currency, order or receiver


class PaymentStep(StrEnum):
    """What happens to an attempt."""

    LINK = "link"
    LOSE = "lose"
    REFUSE = "refuse"
    CAPTURE = "capture"
    EXPIRE = "expire"
    CANCEL = "cancel"
    DOUBT = "doubt"
    CONFLICT = "conflict"


_O, _OS = OrderState, OrderStep

ORDER = Machine(
    name="order",
    initial=frozenset({_O.OPEN}),
    rows={
        (_O.OPEN, _OS.PAY): _O.PAID,
        (_O.OPEN, _OS.CLOSE): _O.CLOSED,
        (_O.CLOSED, _OS.PAY): _O.PAID,  # late money takes up an expired booking again
        (_O.PAID, _OS.RETURN): _O.RETURNED,
    },
    refused=(
        pairs([_O.OPEN], [_OS.RETURN])
        | pairs([_O.CLOSED], (_OS.CLOSE, _OS.RETURN))
        | pairs([_O.PAID], (_OS.PAY, _OS.CLOSE))
        | pairs([_O.RETURNED], OrderStep)
    ),
)

_P, _PS = PaymentState, PaymentStep
_ANSWERS = (_PS.LINK, _PS.LOSE, _PS.REFUSE)  # to our create call
_LIVE = (_P.INITIATING, _P.AWAITING_PAYER)
_ENDED_UNPAID = (_P.EXPIRED, _P.FAILED, _P.CANCELLED, _P.UNKNOWN)
_FINAL = (_P.CAPTURED, _P.CONFLICTED)

PAYMENT = Machine(
    name="payment",
    initial=frozenset({_P.INITIATING}),
    rows={
        (_P.INITIATING, _PS.LINK): _P.AWAITING_PAYER,
        (_P.INITIATING, _PS.LOSE): _P.UNKNOWN,
        (_P.INITIATING, _PS.REFUSE): _P.FAILED,
        **{(state, _PS.EXPIRE): _P.EXPIRED for state in _LIVE},
        **{(state, _PS.CANCEL): _P.CANCELLED for state in _LIVE},
        **{(state, _PS.DOUBT): _P.UNKNOWN for state in (_P.AWAITING_PAYER, _P.EXPIRED, _P.FAILED, _P.CANCELLED)},
        # Money can come whatever we have given up: `pending` at Konnect is never failure.
        **{(state, _PS.CAPTURE): _P.CAPTURED for state in (*_LIVE, *_ENDED_UNPAID)},
        **{(state, _PS.CONFLICT): _P.CONFLICTED for state in (*_LIVE, *_ENDED_UNPAID)},
    },
    # The gateway's answer can arrive after we have given up, and more than once.
    ignored=(
        pairs([_P.AWAITING_PAYER], _ANSWERS)
        | pairs((*_ENDED_UNPAID, *_FINAL), (*_ANSWERS, _PS.EXPIRE, _PS.CANCEL))
        | pairs((_P.UNKNOWN, *_FINAL), [_PS.DOUBT])
        | pairs(_FINAL, (_PS.CAPTURE, _PS.CONFLICT))
    ),
    refused=pairs([_P.INITIATING], [_PS.DOUBT]),  # one that has no answer yet is lost
)

LIVE = frozenset(_LIVE)
FINAL = frozenset(_FINAL)
