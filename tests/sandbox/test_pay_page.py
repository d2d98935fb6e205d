"""The pay page and the payer's click."""

from __future__ import annotations

import pytest

from tests.sandbox.peers import Gateway, Merchant, ref_of

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


def test_the_page_shows_what_is_to_be_paid_and_two_buttons(gateway: Gateway) -> None:
    link = gateway.opened(amount=33_337, description="One <b>hour</b>", orderId="o-7")
    page = gateway.http.get(link, headers={"Accept": HTML})

    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "33.337 TND" in page.text
    assert "One &lt;b&gt;hour&lt;/b&gt;" in page.text
    for what in ("pay", "fail"):
        assert f'action="/konnect/pay/{what}?payment_ref={ref_of(link)}"' in page.text


def test_pay_completes_the_payment(gateway: Gateway) -> None:
    link = gateway.opened()
    answer = gateway.click(link)

    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    payment = gateway.payment(link)
    assert (payment["status"], payment["reachedAmount"], payment["amountDue"]) == ("completed", 45_000, 0)
    assert [(each["status"], each["amount"]) for each in payment["transactions"]] == [("success", 45_000)]


def test_a_browser_gets_a_page_after_its_click(gateway: Gateway) -> None:
    answer = gateway.click(gateway.opened(successUrl="http://127.0.0.1:3000/paid"), accept=HTML)

    assert answer.status_code == 200
    assert "Paid. Thank you." in answer.text
    assert 'href="http://127.0.0.1:3000/paid"' in answer.text


def test_paying_what_is_paid_changes_nothing_and_calls_nobody(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=merchant.url)
    gateway.click(link)
    before = gateway.payment(link)
    merchant.wait_for(1)

    assert gateway.click(link).status_code == gateway.click(link, "fail").status_code == 200
    assert gateway.payment(link) == before
    assert merchant.refs() == [ref_of(link)]


def test_a_failed_card_leaves_the_payment_pending_and_it_can_be_tried_again(gateway: Gateway) -> None:
    link = gateway.opened()

    assert gateway.click(link, "fail").status_code == 200
    payment = gateway.payment(link)
    assert (payment["status"], payment["reachedAmount"]) == ("pending", 0)
    assert [each["status"] for each in payment["transactions"]] == ["failed_payment"]
    assert "The card was refused" in gateway.http.get(link, headers={"Accept": HTML}).text

    gateway.click(link)
    payment = gateway.payment(link)
    assert payment["status"] == "completed"
    assert [each["status"] for each in payment["transactions"]] == ["failed_payment", "success"]


def test_a_failed_card_calls_no_webhook(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=merchant.url)
    gateway.click(link, "fail")
    gateway.click(link)

    merchant.wait_for(1)
    assert len(gateway.listed(link)["webhook_calls"]) <= 1
    assert merchant.refs() == [ref_of(link)]


def test_parts_add_up_to_a_completed_payment(gateway: Gateway) -> None:
    link = gateway.opened()

    gateway.click(link, partial="10000")
    payment = gateway.payment(link)
    assert (payment["status"], payment["reachedAmount"], payment["amountDue"]) == ("pending", 10_000, 35_000)
    gateway.click(link, partial="5000")
    gateway.click(link)
    payment = gateway.payment(link)
    assert (payment["status"], payment["reachedAmount"]) == ("completed", 45_000)
    assert [each["amount"] for each in payment["transactions"]] == [10_000, 5_000, 30_000]


@pytest.mark.parametrize("part", ["0", "45001", "-1", "1.5", "ten", "", "9" * 5000, "\u0663"])
def test_a_part_that_cannot_be_paid_is_refused(gateway: Gateway, part: str) -> None:
    link = gateway.opened()
    answer = gateway.click(link, partial=part)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"].startswith("partial")
    assert gateway.payment(link)["transactions"] == []


@pytest.mark.parametrize("query", ["", "?payment_ref=", f"?payment_ref={'0' * 24}", "?payment_ref=../../etc"])
def test_a_reference_that_nobody_has_is_404(gateway: Gateway, query: str) -> None:
    base = f"{gateway.sandbox.url}/konnect/pay"

    assert gateway.http.get(base + query).status_code == 404
    assert gateway.http.post(f"{base}/pay{query}").status_code == 404
    assert gateway.http.post(f"{base}/fail{query}", headers={"Accept": HTML}).status_code == 404


def test_the_list_of_payments_is_newest_first(gateway: Gateway) -> None:
    links = [gateway.opened(orderId="listed", amount=amount) for amount in (1, 2, 3)]
    gateway.click(links[1])
    items = gateway.get("/konnect/payments", order_id="listed").json()["items"]

    assert [(item["amount"], item["status"]) for item in items] == [(3, "pending"), (2, "completed"), (1, "pending")]
    assert items[0].keys() >= {
        "payment_ref", "order_id", "status", "amount", "reached_amount", "token", "receiver_wallet", "webhook",
        "created_at", "webhook_calls",
    }  # fmt: skip
    assert len(gateway.get("/konnect/payments", limit="2").json()["items"]) == 2


@pytest.mark.parametrize("limit", ["-1", "many", "9" * 30, ""])
def test_a_limit_that_is_no_number_is_refused(gateway: Gateway, limit: str) -> None:
    assert gateway.get("/konnect/payments", limit=limit).status_code == 400
    assert gateway.get("/mailbox", limit=limit).status_code == 400
