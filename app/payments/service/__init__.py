"""The use cases of payments: orders, attempts, the inbox, settlement. One file each; other rooms import from here."""

from app.payments.service.attempts import (
    CheckoutRequest,
    check_payable,
    open_payment,
    open_top_up,
    prepare_checkout,
    record_link,
    record_lost_link,
    record_refusal,
)
from app.payments.service.inbox import PaymentToLookAt, check_ping, prepare_look, receive_ping
from app.payments.service.orders import (
    cancel_attempts,
    close_order,
    hold_late_money,
    is_covered,
    lock_orders,
    pay_order,
    place_order,
    return_order,
)
from app.payments.service.polls import record_due_polls
from app.payments.service.settle import record_silence, settle
from app.payments.service.views import OrderView, PaymentView, show_orders, show_payment, show_payment_status

__all__ = [
    "CheckoutRequest",
    "OrderView",
    "PaymentToLookAt",
    "PaymentView",
    "cancel_attempts",
    "check_payable",
    "check_ping",
    "close_order",
    "hold_late_money",
    "is_covered",
    "lock_orders",
    "open_payment",
    "open_top_up",
    "pay_order",
    "place_order",
    "prepare_checkout",
    "prepare_look",
    "receive_ping",
    "record_due_polls",
    "record_link",
    "record_lost_link",
    "record_refusal",
    "record_silence",
    "return_order",
    "settle",
    "show_orders",
    "show_payment",
    "show_payment_status",
]
