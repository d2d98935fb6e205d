"""The control page: what the outside world knows, and its buttons, without JavaScript."""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from email.message import EmailMessage
from html.parser import HTMLParser

import httpx
import pytest

from tests.sandbox.google_peers import Google, event, meet
from tests.sandbox.peers import BusinessClock, Gateway, Merchant, ref_of


class Forms(HTMLParser):
    """Every form of a page: its address and what it would send as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((named["action"], {}))
        elif tag == "input":
            self.forms[-1][1][named["name"]] = named.get("value", "")
        elif tag == "select":
            self.select = named["name"]
        elif tag == "option" and "selected" in named:
            self.forms[-1][1][self.select] = ""

    def handle_data(self, data: str) -> None:
        if self.forms and self.forms[-1][1].get(self.select) == "" and data.strip():
            self.forms[-1][1][self.select] = data.strip()


def post(gateway: Gateway, path: str, **fields: str) -> httpx.Response:
    return gateway.http.post(gateway.sandbox.url + path, data=fields, headers={"Accept": "text/html"})


def test_it_shows_payments_mails_faults_and_the_clock(gateway: Gateway, address: str) -> None:
    link = gateway.opened(orderId="<order>", amount=33_337)
    gateway.order("rate_limited", order_id="<filter>")
    message = EmailMessage()
    message["Subject"] = "<script>alert(1)</script>"
    message.set_content("Confirm: https://example.com/verify?token=abc")
    message.add_alternative("<p onclick='x'>Hello</p>", subtype="html")
    message.add_attachment(b"BEGIN", maintype="text", subtype="calendar", filename="session.ics")
    with smtplib.SMTP("127.0.0.1", gateway.sandbox.smtp_port) as smtp:
        smtp.send_message(message, "no-reply@example.com", [address])
    page = gateway.get("/").text

    for shown in (ref_of(link), "&lt;order&gt;", "33.337 TND", "&lt;filter&gt;", address, "session.ics", "Wall time"):
        assert shown in page
    assert '<a href="https://example.com/verify?token=abc"' in page
    assert "<script" not in page
    assert "<p onclick" not in page


def test_pages_load_nothing_from_elsewhere(gateway: Gateway) -> None:
    answer = gateway.get("/")

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert not re.findall(r"""src=["']?https?://|<link[^>]+https?://""", answer.text)
    assert gateway.get("/static/sandbox.css").status_code == 200


def test_its_buttons_pay_fail_and_call_the_webhook_again(gateway: Gateway, merchant: Merchant) -> None:
    link = gateway.opened(webhook=merchant.url)
    base = f"/control/payments/{ref_of(link)}"
    assert {f"{base}/pay", f"{base}/fail", f"{base}/webhook"} <= {
        action for action, _ in Forms(gateway.get("/").text).forms
    }

    for what in ("fail", "pay", "webhook"):
        answer = post(gateway, f"{base}/{what}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/#payments")
    assert [each["status"] for each in gateway.payment(link)["transactions"]] == ["failed_payment", "success"]
    assert merchant.wait_for(2) == [ref_of(link)] * 2


def test_an_expired_payment_can_be_paid_late(timed: Gateway, clock: BusinessClock) -> None:
    link = timed.opened(lifespan=1)
    clock.offset += timedelta(hours=1)
    base = f"/control/payments/{ref_of(link)}"

    assert f'action="{base}/late"' in timed.get("/").text
    assert post(timed, f"{base}/pay").status_code == 410
    assert post(timed, f"{base}/late").status_code == 303
    assert timed.payment(link)["status"] == "completed"


def test_every_form_of_the_catalogue_orders_its_fault_as_it_stands(gateway: Gateway) -> None:
    forms = [fields for action, fields in Forms(gateway.get("/").text).forms if action == "/control/faults"]
    for fields in forms:
        answer = post(gateway, "/control/faults", **fields)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/#faults"), answer.text

    answer = gateway.get("/faults").json()
    assert [fault["fault"] for fault in answer["items"]] == [entry["fault"] for entry in answer["catalogue"]]
    for fault, entry in zip(answer["items"], answer["catalogue"], strict=True):
        assert {name: fault[name] for name in entry["fields"]} == entry["fields"]


def test_a_form_that_describes_no_fault_is_refused_on_a_page(gateway: Gateway) -> None:
    answer = post(gateway, "/control/faults", fault="delay", seconds="soon", count="1")

    assert answer.status_code == 422
    assert "seconds must be" in answer.text
    assert gateway.get("/faults").json()["items"] == []


def test_an_empty_count_is_endless_and_faults_are_ended_by_button(gateway: Gateway) -> None:
    post(gateway, "/control/faults", fault="delay", seconds="0.5", count="")
    post(gateway, "/control/faults", fault="wrong_amount", amount="7", count="2")
    endless, twice = gateway.get("/faults").json()["items"]
    assert (endless["count"], endless["seconds"], twice["count"], twice["amount"]) == (None, 0.5, 2, 7)

    post(gateway, "/control/faults/end", id=endless["id"])
    assert [fault["id"] for fault in gateway.get("/faults").json()["items"]] == [twice["id"]]
    post(gateway, "/control/faults/end")
    assert gateway.get("/faults").json()["items"] == []


def test_it_shows_accounts_and_events_and_withdraws_for_the_person(
    google: Google, gateway: Gateway, address: str
) -> None:
    credentials = google.connect(address)
    body = event(summary="<hour>", conferenceData=meet("r"))
    path = "calendars/primary/events?conferenceDataVersion=1"
    created = google.call("POST", path, credentials, json=body).json()
    page = gateway.get("/").text
    for shown in (address, "calendar.events.owned", "&lt;hour&gt;", created["hangoutLink"]):
        assert shown in page

    answer = post(gateway, "/control/google/withdraw", email=address)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/#google")
    assert google.call("GET", "calendars/primary/events", credentials).status_code == 401
    assert f'value="{address}"' not in gateway.get("/").text


def test_the_clock_is_moved_by_button(timed: Gateway, clock: BusinessClock) -> None:
    assert post(timed, "/control/clock", minutes="1440").status_code == 303

    assert clock.offset == timedelta(days=1)
    assert "86400 seconds ahead" in timed.get("/").text


@pytest.mark.parametrize("minutes", ["", "0", "-5", "soon", "525601", "9" * 40])
def test_the_clock_is_moved_by_sensible_steps_only(timed: Gateway, clock: BusinessClock, minutes: str) -> None:
    assert post(timed, "/control/clock", minutes=minutes).status_code == 422
    assert clock.offset == timedelta(0)


def test_wall_time_cannot_be_moved(gateway: Gateway) -> None:
    answer = post(gateway, "/control/clock", minutes="5")

    assert answer.status_code == 409
    assert "CLOCK_URL" in answer.text


def test_a_click_on_what_is_not_there_is_404(gateway: Gateway) -> None:
    assert post(gateway, f"/control/payments/{'0' * 24}/pay").status_code == 404
    assert post(gateway, f"/control/payments/{ref_of(gateway.opened())}/steal").status_code == 404
    assert gateway.get("/nothing-here").status_code == 404
