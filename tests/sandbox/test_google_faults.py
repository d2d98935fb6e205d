"""Every fault of Google, as an app meets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError

from sandbox.faults.google_kinds import REASONS
from tests.patience import PATIENCE_SECONDS, eventually
from tests.sandbox.google_peers import Google, event

EVENTS = "calendars/primary/events"


@pytest.fixture
def credentials(google: Google, address: str) -> Credentials:
    return google.connect(address)


@pytest.fixture
def events(google: Google, credentials: Credentials) -> Iterator[Any]:
    with google.calendar(credentials) as calendar:
        yield calendar.events()


def insert(google: Google, credentials: Credentials, **more: Any) -> httpx.Response:
    return google.call("POST", EVENTS, credentials, json=event(), **more)


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["errors"][0]["reason"])


def hits(google: Google) -> list[int]:
    return [fault["hits"] for fault in google.http.get(f"{google.sandbox.url}/faults").json()["items"]]


def test_401_is_healed_by_a_refresh_that_the_official_client_makes(
    google: Google, events: Any, credentials: Credentials
) -> None:
    google.order("google_401", on="insert")
    before = credentials.token
    created = events.insert(calendarId="primary", body=event()).execute()

    assert created["status"] == "confirmed"
    assert credentials.token != before
    assert hits(google) == [1]


def test_401_refuses_fresh_tokens_too_as_long_as_it_was_ordered(google: Google, events: Any, address: str) -> None:
    google.order("google_401", count=None)
    with pytest.raises(HttpError) as error:
        events.insert(calendarId="primary", body=event()).execute()

    assert error.value.error_details[0]["reason"] == "authError"
    assert google.held(address) == []


@pytest.mark.parametrize("why", REASONS)
def test_403_gives_its_reason_and_does_nothing(
    google: Google, credentials: Credentials, address: str, why: str
) -> None:
    google.order("google_403", reason=why)
    answer = insert(google, credentials)
    error = answer.json()["error"]

    assert (answer.status_code, error["code"], reason(answer)) == (403, 403, why)
    assert error["errors"][0]["domain"] == ("usageLimits" if "Exceeded" in why or "Configured" in why else "global")
    assert google.held(address) == []


def test_the_official_client_repeats_what_google_documents_as_repeatable(google: Google, events: Any) -> None:
    for fault in (
        {"fault": "google_403", "reason": "userRateLimitExceeded"},
        {"fault": "google_429"},
        {"fault": "google_5xx"},
    ):
        google.order(**fault)
    call = events.insert(calendarId="primary", body=event())
    call._rand = lambda: 0.0

    assert call.execute(num_retries=3)["status"] == "confirmed"
    assert hits(google) == [1, 1, 1]


def test_429_says_when_to_come_again(google: Google, credentials: Credentials, address: str) -> None:
    google.order("google_429", seconds=7)
    answer = insert(google, credentials)

    assert (answer.status_code, answer.headers["Retry-After"], reason(answer)) == (429, "7", "rateLimitExceeded")
    assert google.held(address) == []
    assert insert(google, credentials).status_code == 200, "it was ordered once"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_5xx_does_nothing(google: Google, credentials: Credentials, address: str, status: int) -> None:
    google.order("google_5xx", status=status)
    answer = insert(google, credentials)

    assert (answer.status_code, reason(answer)) == (status, "backendError")
    assert google.held(address) == []


def test_redirect(google: Google, credentials: Credentials) -> None:
    google.order("google_redirect", location="http://127.0.0.1:9/elsewhere")
    answer = insert(google, credentials)

    assert (answer.status_code, answer.headers["Location"]) == (302, "http://127.0.0.1:9/elsewhere")


def test_delay(google: Google, credentials: Credentials) -> None:
    google.order("google_delay", seconds=0.2, on="insert")
    answer = insert(google, credentials)

    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() >= 0.2


def test_drip(google: Google, credentials: Credentials) -> None:
    google.order("google_drip", seconds=0.5, on="list")
    headers = {"Authorization": f"Bearer {credentials.token}"}
    with google.http.stream("GET", f"{google.url}/calendar/v3/{EVENTS}", headers=headers) as answer:
        chunks = answer.iter_raw()
        first = next(chunks)
        google.http.delete(f"{google.sandbox.url}/faults")
        rest = b"".join(chunks)

    assert len(first) < len(rest), "a byte, or some where the reader is slow"
    assert json.loads(first + rest)["items"] == []


def test_huge(google: Google, credentials: Credentials, address: str) -> None:
    google.order("google_huge", megabytes=2, on="insert")
    answer = insert(google, credentials)

    assert len(answer.content) == 2 * 1024 * 1024
    assert len(google.held(address)) == 1, "the work is done"


def test_timeout_after_success_makes_the_event_and_the_repetition_finds_its_id_taken(
    google: Google, credentials: Credentials, address: str
) -> None:
    google.order("google_timeout_after_success", seconds=3600)
    body = event(id="a1b2c3d4e5f6")
    with pytest.raises(httpx.ReadTimeout):
        google.call("POST", EVENTS, credentials, json=body, timeout=httpx.Timeout(PATIENCE_SECONDS, read=0.3))

    eventually(lambda: google.held(address), "the event")
    assert [held["id"] for held in google.held(address)] == [body["id"]]
    assert google.call("POST", EVENTS, credentials, json=body).status_code == 409


def test_timeout_after_success_ends_in_a_closed_connection(google: Google, credentials: Credentials) -> None:
    google.order("google_timeout_after_success", seconds=0.1, on="delete")
    path = f"{EVENTS}/{insert(google, credentials).json()['id']}"
    with pytest.raises(httpx.RemoteProtocolError):
        google.call("DELETE", path, credentials)

    assert google.call("DELETE", path, credentials).status_code == 410


def test_invalid_grant_ends_everything_until_the_person_allows_it_again(
    google: Google, credentials: Credentials, address: str
) -> None:
    google.order("google_invalid_grant", email=address)
    assert insert(google, credentials).status_code == 200, "nothing is dead before the next refresh"
    for _ in range(2):
        with pytest.raises(RefreshError) as error:
            credentials.refresh(Request())
        assert error.value.args[1]["error"] == "invalid_grant"

    assert hits(google) == [1], "the second refusal was no fault"
    assert insert(google, credentials).status_code == 401
    assert insert(google, google.connect(address)).status_code == 200


def test_invalid_client_is_ours_to_mend(google: Google, credentials: Credentials) -> None:
    google.order("google_invalid_client", on="refresh")
    with pytest.raises(RefreshError) as error:
        credentials.refresh(Request())

    assert error.value.args[1]["error"] == "invalid_client"
    credentials.refresh(Request())


@pytest.mark.parametrize(("fault", "status"), [("google_5xx", 503), ("google_429", 429)])
def test_the_token_endpoint_says_it_in_its_own_shape(
    google: Google, credentials: Credentials, fault: str, status: int
) -> None:
    google.order(fault, on="refresh")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": credentials.refresh_token,
        "client_id": "x",
        "client_secret": "y",
    }
    answer = google.http.post(f"{google.url}/token", data=form)

    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


def test_the_official_client_repeats_a_refresh_that_met_a_broken_google(
    google: Google, credentials: Credentials
) -> None:
    google.order("google_5xx", on="refresh")
    credentials.refresh(Request())

    assert hits(google) == [1]


def test_a_fault_strikes_only_the_account_and_the_call_it_was_ordered_for(
    google: Google, credentials: Credentials, address: str
) -> None:
    other = google.connect(f"x{address}")
    google.order("google_5xx", email=address.upper(), on="insert", count=None)

    assert insert(google, credentials).status_code == 503
    assert insert(google, other).status_code == 200
    assert google.call("GET", EVENTS, credentials).status_code == 200


def test_a_group_of_calls_can_be_named_at_once(google: Google, credentials: Credentials) -> None:
    google.order("google_5xx", on="oauth", count=None)
    userinfo = google.http.get(f"{google.url}/v1/userinfo", headers={"Authorization": f"Bearer {credentials.token}"})

    assert userinfo.status_code == 503
    assert insert(google, credentials).status_code == 200


def test_any_call_means_any_that_can_fail_so(google: Google, credentials: Credentials) -> None:
    google.order("google_invalid_client", on="any", count=None)
    google.order("google_invalid_grant", on="any", count=None)
    assert insert(google, credentials).status_code == 200
    google.http.delete(f"{google.sandbox.url}/faults")

    google.order("google_401", on="any", count=None)
    google.order("google_403", on="any", count=None)
    credentials.refresh(Request())
    assert insert(google, credentials).status_code == 401
    assert google.http.post(f"{google.url}/revoke", data={"token": credentials.token}).status_code == 200


def test_a_token_that_is_none_meets_no_fault(google: Google) -> None:
    google.order("google_5xx", on="any")
    answer = google.http.get(f"{google.url}/calendar/v3/{EVENTS}", headers={"Authorization": "Bearer unknown"})

    assert answer.status_code == 401
    assert hits(google) == [0]


def test_ending_all_faults_releases_whoever_is_held(google: Google, credentials: Credentials) -> None:
    google.order("google_delay", seconds=3600, on="insert")
    with ThreadPoolExecutor(1) as people:
        held = people.submit(insert, google, credentials)
        eventually(lambda: hits(google) == [1])
        google.http.delete(f"{google.sandbox.url}/faults")

        assert held.result().status_code == 200
