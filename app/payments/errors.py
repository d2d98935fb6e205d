"""How payments refuse."""

from __future__ import annotations

from app.kernel.errors import InvalidInput, NotFound, Refusal


class NoSuchPayment(NotFound):
    """There is no such payment, or it is not yours."""


class PaymentStillOpen(Refusal):
    """The last pay link can still be used: pay there, or wait until it has ended."""

    code = "payment_still_open"


class OrderNotOpen(Refusal):
    """This order is not open for payment any more."""

    code = "order_not_open"


class AmountNotPayable(InvalidInput):
    """The gateway does not take this amount."""

    code = "amount_not_payable"
