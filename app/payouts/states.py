"""What becomes of a payout, and of one attempt to pay it."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine, pairs


class PayoutState(StrEnum):
    """Where a payout stands (API §6)."""

    PENDING = "pending"  #: waits for somebody of the back office to decide
    APPROVED = "approved"  #: the link is being made
    PROCESSING = "processing"  #: the link is open, and a person of the back office pays it
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  #: the gateway cannot say whether it was paid: nothing happens by itself


class PayoutStep(StrEnum):
    """What happens to a payout."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    OPEN = "open"
    LOSE = "lose"
    RETURN = "return"
    PAY = "pay"


class AttemptState(StrEnum):
    """One link to pay a payout at one gateway."""

    INITIATING = "initiating"
    AWAITING_PAYER = "awaiting_payer"
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"  #: the gateway refused to make the link
    CANCELLED = "cancelled"  #: an older link paid the payout
    UNKNOWN = "unknown"  #: the answer to our create call was lost: nobody has seen its link
    CONFLICTED = "conflicted"  #: it moved money otherwise than the payout asks, or when it was closed


class AttemptStep(StrEnum):
    """What happens to an attempt."""

    LINK = "link"
    LOSE = "lose"
    REFUSE = "refuse"
    EXPIRE = "expire"
    CANCEL = "cancel"
    PAY = "pay"
    CONFLICT = "conflict"
    ACCEPT = "accept"


_P, _PS = PayoutState, PayoutStep
_DECISIONS = (_PS.APPROVE, _PS.REJECT, _PS.CANCEL)
_OPEN = (_P.PENDING, _P.APPROVED, _P.PROCESSING, _P.UNKNOWN)
_CLOSED = (_P.PAID, _P.REJECTED, _P.CANCELLED)

PAYOUT = Machine(
    name="payout",
    initial=frozenset({_P.PENDING}),
    rows={
        (_P.PENDING, _PS.APPROVE): _P.APPROVED,
        (_P.PENDING, _PS.REJECT): _P.REJECTED,
        (_P.PENDING, _PS.CANCEL): _P.CANCELLED,
        # A link that nobody has seen keeps nobody from deciding again.
        (_P.UNKNOWN, _PS.APPROVE): _P.APPROVED,
        (_P.UNKNOWN, _PS.REJECT): _P.REJECTED,
        (_P.APPROVED, _PS.OPEN): _P.PROCESSING,
        **{(state, _PS.LOSE): _P.UNKNOWN for state in (_P.PENDING, _P.APPROVED, _P.PROCESSING)},
        **{(state, _PS.RETURN): _P.PENDING for state in (_P.APPROVED, _P.PROCESSING, _P.UNKNOWN)},
        # Whichever link is paid, and whenever: a payout that is open is paid by it.
        **{(state, _PS.PAY): _P.PAID for state in _OPEN},
    },
    # What the gateway tells of one link can come after another link, or a person, has decided.
    ignored=(
        pairs(_CLOSED, (_PS.OPEN, _PS.LOSE, _PS.RETURN))
        | pairs([_P.PENDING], [_PS.RETURN])
        | pairs([_P.UNKNOWN], (_PS.OPEN, _PS.LOSE))
    ),
    refused=(
        pairs([_P.PENDING], [_PS.OPEN])
        | pairs([_P.APPROVED], _DECISIONS)
        | pairs([_P.PROCESSING], (*_DECISIONS, _PS.OPEN))
        | pairs([_P.UNKNOWN], [_PS.CANCEL])
        | pairs(_CLOSED, (*_DECISIONS, _PS.PAY))
    ),
)

_A, _AS = AttemptState, AttemptStep
_ANSWERS = (_AS.LINK, _AS.LOSE, _AS.REFUSE)  # to our create call
_LIVE = (_A.INITIATING, _A.AWAITING_PAYER)
_ENDED_UNPAID = (_A.EXPIRED, _A.FAILED, _A.CANCELLED, _A.UNKNOWN)
_FINAL = (_A.PAID, _A.CONFLICTED)
_DOUBTED = (_A.CONFLICTED, _A.AWAITING_PAYER, _A.INITIATING, _A.UNKNOWN)

ATTEMPT = Machine(
    name="payout attempt",
    initial=frozenset({_A.INITIATING}),
    rows={
        (_A.INITIATING, _AS.LINK): _A.AWAITING_PAYER,
        (_A.INITIATING, _AS.LOSE): _A.UNKNOWN,
        (_A.INITIATING, _AS.REFUSE): _A.FAILED,
        **{(state, _AS.EXPIRE): _A.EXPIRED for state in (*_LIVE, _A.UNKNOWN)},
        **{(state, _AS.CANCEL): _A.CANCELLED for state in _LIVE},
        # Money can go whatever we have given up: `pending` at Konnect is never failure.
        **{(state, _AS.PAY): _A.PAID for state in (*_LIVE, _A.EXPIRED, _A.FAILED, _A.UNKNOWN)},
        **{(state, _AS.CONFLICT): _A.CONFLICTED for state in (*_LIVE, *_ENDED_UNPAID)},
        # A person has found out that the mentor was paid by it.
        (_A.CONFLICTED, _AS.ACCEPT): _A.PAID,
    },
    # The gateway's answer can arrive after we have given up, and more than once.
    ignored=(
        pairs([_A.AWAITING_PAYER], _ANSWERS)
        | pairs((*_ENDED_UNPAID, *_FINAL), (*_ANSWERS, _AS.CANCEL))
        | pairs((_A.EXPIRED, _A.FAILED, _A.CANCELLED, *_FINAL), [_AS.EXPIRE])
        | pairs(_FINAL, (_AS.PAY, _AS.CONFLICT))
    ),
    refused=(
        pairs([_A.CANCELLED], [_AS.PAY])  # another link paid the payout: what this one brings is a conflict
        | pairs((*_LIVE, *_ENDED_UNPAID, _A.PAID), [_AS.ACCEPT])
    ),
)

#: The money of a payout in one of these lies on its payout_pending account.
OPEN = frozenset(_OPEN)
LIVE = frozenset(_LIVE)
ENDED_UNPAID = frozenset(_ENDED_UNPAID)
FINAL = frozenset(_FINAL)
#: An unknown payout has a link in one of these; where in several, the first one tells most of what happened.
DOUBTED = _DOUBTED
