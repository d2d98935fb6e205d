"""How payouts refuse."""

from __future__ import annotations

from app.kernel.errors import Forbidden, InvalidInput, NotFound, Refusal


class NoSuchPayout(NotFound):
    """There is no such payout, or it is not yours."""


class NoSuchLink(NotFound):
    """There is no such link."""


class DestinationNotSet(NotFound):
    """You have not said where your money goes: PUT /payouts/destination."""


class OwnWalletNeeded(InvalidInput):
    """That is the platform's own wallet: give the id of one that is yours.

    A payout into ours would move no money. Your wallet's id stands in your own account at Konnect.
    """

    code = "own_wallet_needed"


class NoDestination(Refusal):
    """Say first where the money goes: PUT /payouts/destination.

    It is a Konnect wallet of your own, 24 hexadecimal digits. Payouts that were requested before keep theirs.
    """

    code = "no_destination"


class OwnPayout(Forbidden):
    """Nobody decides about their own payout: somebody else of the back office must.

    The four eyes are meant: neither approve nor reject a payout that goes to yourself.
    """

    code = "own_payout"


class LinkCanStillBePaid(Refusal):
    """A link of this payout can still be paid, or was paid otherwise than asked: it cannot be decided now.

    Two links for one payout could be paid twice. Once the link has expired, and Konnect says that nobody has paid,
    it can be decided again; what Konnect cannot tell of an `unknown` payout, a person finds out and resolves.
    """

    code = "link_can_still_be_paid"


class WrongCurrency(InvalidInput):
    """A payout is received in the currency in which it was asked for.

    `amount` of the payout shows the currency; say in it how much was received.
    """

    code = "wrong_currency"
