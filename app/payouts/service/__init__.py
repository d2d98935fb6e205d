"""The use cases of payouts: destination, request, decision, link, inbox, settlement, resolution. One file each."""

from app.payouts.service.decisions import approve, reject
from app.payouts.service.destinations import set_destination, show_destination
from app.payouts.service.inbox import LinkToLookAt, check_ping, prepare_look, receive_ping
from app.payouts.service.links import LinkRequest, prepare_link, record_link, record_lost_link, record_refusal
from app.payouts.service.polls import record_due_polls
from app.payouts.service.requests import cancel, request_payout
from app.payouts.service.resolve import resolve
from app.payouts.service.settle import record_silence, settle
from app.payouts.service.views import (
    PayoutView,
    list_all_payouts,
    list_payouts,
    show_attempt_status,
    show_payout,
)

__all__ = [
    "LinkRequest",
    "LinkToLookAt",
    "PayoutView",
    "approve",
    "cancel",
    "check_ping",
    "list_all_payouts",
    "list_payouts",
    "prepare_link",
    "prepare_look",
    "receive_ping",
    "record_due_polls",
    "record_link",
    "record_lost_link",
    "record_refusal",
    "record_silence",
    "reject",
    "request_payout",
    "resolve",
    "set_destination",
    "settle",
    "show_attempt_status",
    "show_destination",
    "show_payout",
]
