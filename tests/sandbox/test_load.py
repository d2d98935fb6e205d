"""Many at once: nothing is lost, doubled or refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.konnect.payments import (
    MOST_REMEMBERED,
    Payment,
    Payments,
    UnknownPaymentError,
    WebhookCall,
)
from sandbox.konnect.terms import read_terms
from sandbox.store import Store
from tests.patience import eventually
from tests.sandbox.peers import WALLET, Gateway, Merchant, ref_of

PEOPLE = 200


def test_200_people_pay_at_once(gateway: Gateway, merchant: Merchant) -> None:
    def buy(number: int) -> str:
        link = gateway.opened(amount=number + 1, orderId=f"load-{number}", webhook=merchant.url)
        assert gateway.click(link).status_code == 200
        return ref_of(link)

    with ThreadPoolExecutor(PEOPLE) as people:
        refs = set(people.map(buy, range(PEOPLE)))
    eventually(lambda: len(merchant.calls) >= PEOPLE)

    assert len(refs) == PEOPLE
    assert sorted(merchant.refs()) == sorted(refs), "each webhook was called once"
    paid = [item for item in gateway.get("/konnect/payments").json()["items"] if item["payment_ref"] in refs]
    assert sum(item["reached_amount"] for item in paid) == PEOPLE * (PEOPLE + 1) // 2


def test_a_link_clicked_40_times_at_once_is_paid_once(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=merchant.url)
    with ThreadPoolExecutor(40) as impatient:
        answers = list(impatient.map(lambda _: gateway.click(link), range(40)))
    merchant.wait_for(1)

    assert {answer.status_code for answer in answers} == {200}
    assert len(gateway.payment(link)["transactions"]) == 1
    assert merchant.refs() == [ref_of(link)]


def test_a_payment_remembers_its_newest_tries_and_webhook_calls_only() -> None:
    payments, now = Payments(threading.RLock(), Store().shelf("payments", Payment)), datetime.now(tz=UTC)
    ref = payments.open(read_terms({"receiverWalletId": WALLET, "amount": 1}), now).ref
    for number in range(MOST_REMEMBERED + 5):
        payments.fail(ref, now + timedelta(seconds=number))
        payments.note_call(ref, WebhookCall(now, number, None))

    payment = payments.get(ref)
    assert [len(payment.transactions), len(payment.webhook_calls)] == [MOST_REMEMBERED] * 2
    assert payment.webhook_calls[-1].status == MOST_REMEMBERED + 4
    assert payment.transactions[-1].at == now + timedelta(seconds=MOST_REMEMBERED + 4)


def test_the_oldest_payments_are_forgotten_when_there_are_too_many() -> None:
    payments = Payments(threading.RLock(), Store().shelf("payments", Payment), most=3)
    terms = read_terms({"receiverWalletId": WALLET, "amount": 1})
    opened = [payments.open(terms, datetime.now(tz=UTC)) for _ in range(5)]

    assert payments.newest() == opened[:1:-1]
    with pytest.raises(UnknownPaymentError):
        payments.get(opened[0].ref)
