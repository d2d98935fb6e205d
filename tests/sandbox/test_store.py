"""What the sandbox has said outlives it: whoever it told must find the same world after a restart."""

from __future__ import annotations

import smtplib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sandbox.konnect.payments import Payment, Terms
from sandbox.server import Sandbox
from sandbox.settings import Settings
from sandbox.store import FILE, Shelf, Store, StoreError
from tests.patience import PATIENCE_SECONDS
from tests.sandbox.google_peers import CLIENT_ID, CLIENT_SECRET, Google, event, meet
from tests.sandbox.peers import BusinessClock, Gateway, ref_of

TERMS = Terms("0" * 24, 45_000, "TND", "immediate", "", ("wallet",), 60, "an-order", None, None, None, "")
PAYMENT = Payment("f" * 24, "short", TERMS, datetime(2026, 11, 20, tzinfo=UTC))


Open = Callable[[], Shelf[Payment]]


@pytest.fixture
def payments(tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens the payments of a directory, as a sandbox does that starts."""
    with ExitStack() as stores:

        def open_payments() -> Shelf[Payment]:
            store = Store(tmp_path)
            stores.callback(store.close)
            return store.shelf("payments", Payment)

        yield open_payments


def test_a_payment_is_as_paid_after_a_restart_as_before(tmp_path: Path, http: httpx.Client):
    with Sandbox(Settings(directory=tmp_path)) as before:
        links = [Gateway(before, http).opened(orderId=order) for order in ("paid", "failed", "untouched")]
        Gateway(before, http).click(links[0])
        Gateway(before, http).click(links[1], "fail")
        told = Gateway(before, http).get("/konnect/payments").json()
        refs = [ref_of(link) for link in links]
    with Sandbox(Settings(directory=tmp_path)) as after:
        assert Gateway(after, http).get("/konnect/payments").json() == told
        payments = [after.world.payments.get(ref) for ref in refs]
        assert [payment.status for payment in payments] == ["completed", "pending", "pending"]
        assert [len(payment.transactions) for payment in payments] == [1, 1, 0]
        later = Gateway(after, http).click(f"{after.url}/konnect/pay?payment_ref={refs[2]}")
        assert later.json()["status"] == "completed"


def test_a_mail_with_its_attachment_is_there_after_a_restart(tmp_path: Path, http: httpx.Client, address: str):
    message = f"Subject: =?utf-8?q?Salut_=C3=A0_tous?=\nTo: {address}\nContent-Type: application/zip\n\n\x00\x01"
    with Sandbox(Settings(directory=tmp_path)) as before:
        with smtplib.SMTP("127.0.0.1", before.smtp_port, timeout=PATIENCE_SECONDS) as smtp:
            smtp.sendmail("no-reply@example.com", [address], message)
        mails = Gateway(before, http).get("/mailbox", to=address).json()
    with Sandbox(Settings(directory=tmp_path)) as after:
        assert Gateway(after, http).get("/mailbox", to=address).json() == mails
        assert mails["items"][0]["attachments"]


def test_who_allowed_something_has_still_allowed_it_and_finds_the_calendar_as_it_was(
    tmp_path: Path, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    person = "mounir@example.com"
    with Sandbox(Settings(directory=tmp_path)) as before:
        google = Google(before, http)
        credentials = google.connect(person)
        asked = event(conferenceData=meet("a-request"))
        path = "calendars/primary/events"
        made = google.call("POST", path, credentials, json=asked, params={"conferenceDataVersion": 1}).json()
        held = google.held(person)
    with Sandbox(Settings(directory=tmp_path)) as after:
        google = Google(after, http)
        assert google.call("GET", f"{path}/{made['id']}", credentials).status_code == 401  # its access token is gone
        form = {"grant_type": "refresh_token", "refresh_token": credentials.refresh_token}
        client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        fresh = http.post(f"{google.url}/token", data=form | client).json()
        headers = {"Authorization": f"Bearer {fresh['access_token']}"}
        assert http.get(f"{google.url}/calendar/v3/{path}/{made['id']}", headers=headers).json() == made
        assert google.held(person) == held


def test_business_time_goes_on_though_its_clock_is_away(tmp_path: Path, clock: BusinessClock, http: httpx.Client):
    settings = Settings(directory=tmp_path, clock_url=clock.url)
    with Sandbox(settings) as before:
        clock.offset = timedelta(days=5)
        Gateway(before, http).opened()
    clock.close()
    with Sandbox(settings) as after:
        ahead = after.world.clock.now() - datetime.now(tz=UTC)
        assert abs(ahead - clock.offset) < timedelta(hours=1)


def test_what_is_forgotten_for_want_of_room_stays_forgotten(payments: Open):
    shelf = payments()
    for ref in "abc":
        shelf[ref] = replace(PAYMENT, ref=ref)
    shelf["a"] = replace(PAYMENT, ref="a", reached_amount=1)
    assert shelf.drop_oldest().ref == "a"
    again = payments()
    assert list(again) == ["b", "c"] == list(shelf)
    assert list(reversed(again)) == ["c", "b"]


def test_a_record_that_is_written_anew_keeps_its_place(payments: Open):
    shelf = payments()
    shelf["a"], shelf["b"] = PAYMENT, PAYMENT
    shelf["a"] = paid = replace(PAYMENT, reached_amount=45_000)
    assert list(payments().items()) == [("a", paid), ("b", PAYMENT)]


def test_without_a_directory_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Store().shelf("payments", Payment)["a"] = PAYMENT
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_version_is_refused_with_the_way_out(tmp_path: Path, payments: Open):
    payments()["a"] = PAYMENT
    with closing(sqlite3.connect(tmp_path / FILE)) as file, file:
        file.execute("UPDATE record SET content = '{}'")
    with pytest.raises(StoreError, match=r"the payments of sandbox\.sqlite3 .* remove that file"):
        payments()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(StoreError, match=r"taken/sandbox\.sqlite3 cannot be used"):
        Store(tmp_path / "taken")
