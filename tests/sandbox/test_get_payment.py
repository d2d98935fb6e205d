"""GET /payments/:paymentId, as Konnect documents it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.sandbox.peers import WALLET, Gateway, ref_of

FIELDS = {
    "id", "status", "amount", "amountDue", "reachedAmount", "token", "convertedAmount", "exchangeRate",
    "expirationDate", "shortId", "link", "webhook", "successUrl", "failUrl", "orderId", "type", "details",
    "acceptedPaymentMethods", "receiverWallet", "transactions",
}  # fmt: skip


def test_a_new_payment_is_pending_and_carries_every_documented_field(gateway: Gateway) -> None:
    hook = "http://127.0.0.1:9/hook"
    link = gateway.opened(orderId="o-1", lifespan=15, description="One hour", webhook=hook)
    payment = gateway.payment(link)

    assert payment.keys() >= FIELDS
    assert payment["id"] == ref_of(link)
    assert payment["link"] == link
    assert (payment["status"], payment["transactions"]) == ("pending", [])
    assert (payment["amount"], payment["amountDue"], payment["reachedAmount"]) == (45_000, 45_000, 0)
    assert (payment["token"], payment["convertedAmount"], payment["exchangeRate"]) == ("TND", 45_000, 1)
    assert (payment["orderId"], payment["details"], payment["webhook"]) == ("o-1", "One hour", hook)
    assert payment["receiverWallet"] == {"_id": WALLET, "id": WALLET}
    assert payment["acceptedPaymentMethods"] == ["wallet", "bank_card", "e-DINAR"]


def test_the_link_lives_as_many_minutes_as_were_asked_for(gateway: Gateway) -> None:
    link = gateway.opened(lifespan=15)
    created = datetime.fromisoformat(gateway.listed(link)["created_at"])

    assert datetime.fromisoformat(gateway.payment(link)["expirationDate"]) - created == timedelta(minutes=15)


@pytest.mark.parametrize(("currency", "millimes"), [("EUR", 40_800), ("USD", 37_200)])
def test_another_currency_is_converted_to_millimes(gateway: Gateway, currency: str, millimes: int) -> None:
    payment = gateway.payment(gateway.opened(amount=1200, token=currency))

    assert (payment["amount"], payment["token"], payment["convertedAmount"]) == (1200, currency, millimes)


def test_any_wallet_can_receive(gateway: Gateway) -> None:
    wallet = "0123456789abcdef01234567"

    assert gateway.payment(gateway.opened(receiverWalletId=wallet))["receiverWallet"]["id"] == wallet


def test_an_unknown_payment_is_404_in_konnects_error_body(gateway: Gateway) -> None:
    answer = gateway.http.get(f"{gateway.sandbox.konnect_url}/payments/{'0' * 24}")

    assert answer.status_code == 404
    assert answer.json() == {"errors": [{"message": "Payment not found"}]}
