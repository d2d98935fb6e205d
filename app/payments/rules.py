"""Pure arithmetic of payments: the wallet's part, when to poll, what must match."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.gateways.psp.base import Capabilities, PaymentSnapshot, PaymentStatus
from app.kernel.errors import Failure, TransientFailure
from app.kernel.money import Money

#: Seconds after the link was made, and after each look, until the next one.
POLL_SECONDS = (5, 15, 60)
POLL_EVERY_SECONDS = 300

#: How long after its link's expiry an attempt is still looked at: late money comes then.
POLL_AFTER_EXPIRY = timedelta(days=1)

#: How often a poll, or a look for what may never have been there, is tried before it is left.
LOOK_TRIES = 3

#: The largest amount of one payment, in minor units: no sum of them comes near what 64 bits hold.
MOST = 10**12


def wallet_part(price: Money, available: Money, capabilities: Capabilities) -> Money:
    """Return how much of a wallet goes into an order so that the gateway takes the rest.

    The rest must be nothing, or at least the gateway's minimum and a whole number of its steps; a price that no part
    can bring there is left whole to the gateway.
    """
    if available >= price:
        return price
    minimum, step = capabilities.minimum[price.currency], capabilities.step[price.currency]
    rest = max(price.minor - max(available.minor, 0), minimum)
    rest += -rest % step
    return Money(max(price.minor - rest, 0), price.currency)


def payable(amount: Money, capabilities: Capabilities) -> bool:
    """Tell whether the gateway takes this amount, and our books too."""
    minimum, step = capabilities.minimum[amount.currency], capabilities.step[amount.currency]
    return max(minimum, 1) <= amount.minor <= MOST and amount.minor % step == 0


def next_poll(now: datetime, polls: int, expires_at: datetime) -> datetime | None:
    """Return when to look after `polls` looks: 5 s, 15 s, 60 s, then every 5 min, at the expiry, until a day after."""
    if now >= expires_at + POLL_AFTER_EXPIRY:
        return None
    wait = POLL_SECONDS[polls] if polls < len(POLL_SECONDS) else POLL_EVERY_SECONDS
    due = now + timedelta(seconds=wait)
    return min(due, expires_at) if now < expires_at else due


def is_left_to_the_next_poll(failure: Failure, *, is_followed: bool, tries: int) -> bool:
    """Tell whether a look that failed so often may be given up, because the next poll repeats it anyhow."""
    return is_followed and tries >= LOOK_TRIES and isinstance(failure, TransientFailure)


def one_more_poll(now: datetime) -> datetime:
    """Return when to look once more at what a ping has told too early, after the polls."""
    return now + timedelta(seconds=POLL_EVERY_SECONDS)


def may_have_lost_an_answer(bound_ref: str | None, create_calls: int) -> bool:
    """Tell whether the gateway may hold a payment for an attempt whose reference we do not know."""
    return bound_ref is None or create_calls > 1


def why_ignored(named: str | None, *, bound_ref: str | None, create_calls: int) -> str | None:
    """Return why a ping tells of nothing that could be looked at, in the word it is counted by; None where it does."""
    if may_have_lost_an_answer(bound_ref, create_calls):
        return "no_reference" if named is None and bound_ref is None else None
    return "other_reference" if named not in (None, bound_ref) else None


def reference_to_bind(
    snapshot: PaymentSnapshot, *, attempt_id: str, bound_ref: str | None, create_calls: int
) -> str | None:
    """Return the reference that an attempt is bound to after this look; None when the look is not about the attempt.

    That is the bound one; or, where a create answer was lost, one whose order id is this attempt.
    """
    is_lost_one = snapshot.order_id == attempt_id and may_have_lost_an_answer(bound_ref, create_calls)
    if snapshot.payment_ref != bound_ref and not is_lost_one:
        return None
    return snapshot.payment_ref if bound_ref is None or snapshot.status == PaymentStatus.COMPLETED else bound_ref


def mismatches(snapshot: PaymentSnapshot, *, attempt_id: str, amount: Money, receiver: str) -> list[str]:
    """Return what the gateway tells otherwise than we asked: order, currency, amount, receiver."""
    found = {
        "order": snapshot.order_id == attempt_id,
        "currency": snapshot.currency == amount.currency,
        "amount": snapshot.amount == amount.minor,
        "receiver": snapshot.receiver == receiver,
    }
    return [name for name, same in found.items() if not same]
