"""How payments refuse."""

from __future__ import annotations

from app.kernel.errors import InvalidInput, NotFound, Refusal


class NoSuchPayment(NotFound):
    """There is no such payment, or it is not yours."""


class PaymentStillOpen(Refusal):
    """The last pay link can still be used: pay there, or wait until it has ended.

    `payment.pay_url` of the booking is the link. A new one can be made once it has expired or failed.
    """

    code = "payment_still_open"


class OrderNotOpen(Refusal):
    """This order is not open for payment any more.

    It was paid, given up, or its time is over. GET /api/v1/bookings/{id} shows which; the slot can be booked again
    while it is free.
    """

    code = "order_not_open"


class AmountNotPayable(InvalidInput):
    """The gateway does not take this amount.

    The sentence says the least and the most that the gateway takes, and in which steps.
    """

    code = "amount_not_payable"
