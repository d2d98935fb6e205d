"""The life of a delivery: one task that one event causes."""

from __future__ import annotations

from enum import StrEnum

from app.kernel.states import Machine, pairs


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"  #: written, not yet given to the broker
    PUBLISHED = "published"  #: its id is in the broker, or on its way there
    RUNNING = "running"  #: a worker holds the lease
    RETRY = "retry"  #: it failed and waits until available_at
    DONE = "done"
    DEAD = "dead"  #: out of attempts: a person decides
    DISCARDED = "discarded"  #: a person gave it up, with a reason


class DeliveryStep(StrEnum):
    """What happens to a delivery."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"  #: the broker did not take it, or it never started
    CLAIM = "claim"
    FINISH = "finish"
    POSTPONE = "postpone"
    GIVE_UP = "give_up"
    REPLAY = "replay"
    DISCARD = "discard"


_S, _E = DeliveryState, DeliveryStep
_WAITING = (_S.PENDING, _S.RETRY)
_ENDED = (_S.DONE, _S.DEAD, _S.DISCARDED)
_OUTCOMES = (_E.FINISH, _E.POSTPONE, _E.GIVE_UP)
_OPERATORS = (_E.REPLAY, _E.DISCARD)

DELIVERY = Machine(
    name="delivery",
    initial=frozenset({_S.PENDING}),
    rows={
        (_S.PENDING, _E.PUBLISH): _S.PUBLISHED,
        (_S.RETRY, _E.PUBLISH): _S.PUBLISHED,
        (_S.PUBLISHED, _E.WITHDRAW): _S.PENDING,
        (_S.PUBLISHED, _E.CLAIM): _S.RUNNING,
        # Claim and work are one transaction: a worker that dies in it leaves the delivery as it was, published.
        (_S.PUBLISHED, _E.POSTPONE): _S.RETRY,
        (_S.PUBLISHED, _E.GIVE_UP): _S.DEAD,
        (_S.RUNNING, _E.FINISH): _S.DONE,
        (_S.RUNNING, _E.POSTPONE): _S.RETRY,
        (_S.RUNNING, _E.GIVE_UP): _S.DEAD,
        (_S.DEAD, _E.REPLAY): _S.PENDING,
        (_S.DEAD, _E.DISCARD): _S.DISCARDED,
    },
    # A message may reach a worker late, or twice, and the broker may take it while its withdrawal is on its way.
    ignored=pairs((*_WAITING, _S.RUNNING, *_ENDED), (_E.CLAIM, _E.WITHDRAW)),
    refused=(
        pairs(_WAITING, (*_OUTCOMES, *_OPERATORS))
        | pairs([_S.PUBLISHED], (_E.PUBLISH, _E.FINISH, *_OPERATORS))
        | pairs([_S.RUNNING], (_E.PUBLISH, *_OPERATORS))
        | pairs([_S.DEAD], (_E.PUBLISH, *_OUTCOMES))
        | pairs((_S.DONE, _S.DISCARDED), (_E.PUBLISH, *_OUTCOMES, *_OPERATORS))
    ),
)

#: Unfinished: a later delivery with the same ordering key waits for these.
UNFINISHED = (_S.PENDING, _S.PUBLISHED, _S.RUNNING, _S.RETRY)
