"""Meet links: asked for with the event, made at once or by and by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.google_peers import Google, event, meet
from tests.sandbox.google_schema import check


@pytest.fixture
def events(google: Google, address: str) -> Iterator[Any]:
    with google.calendar(google.connect(address)) as calendar:
        yield calendar.events()


def insert(events: Any, request_id: str = "r-1", **changes: Any) -> dict[str, Any]:
    body = event(conferenceData=meet(request_id), **changes)
    created: dict[str, Any] = events.insert(calendarId="primary", body=body, conferenceDataVersion=1).execute()
    return created


def get(events: Any, event_id: str) -> dict[str, Any]:
    found: dict[str, Any] = events.get(calendarId="primary", eventId=event_id).execute()
    check(found, "Event")
    return found


def ask(events: Any, event_id: str, data: Any) -> dict[str, Any]:
    call = events.patch(calendarId="primary", eventId=event_id, body={"conferenceData": data}, conferenceDataVersion=1)
    patched: dict[str, Any] = call.execute()
    return patched


def status(found: dict[str, Any]) -> str:
    return str(found["conferenceData"]["createRequest"]["status"]["statusCode"])


def test_a_link_is_made_at_once_when_all_goes_well(google: Google, events: Any, address: str) -> None:
    created = insert(events)
    data = created["conferenceData"]

    check(created, "Event")
    assert status(created) == "success"
    assert data["createRequest"]["requestId"] == "r-1"
    assert data["conferenceSolution"]["key"]["type"] == "hangoutsMeet"
    assert [(entry["entryPointType"], entry["uri"]) for entry in data["entryPoints"]] == [
        ("video", created["hangoutLink"])
    ]
    assert created["hangoutLink"] == f"https://meet.google.com/{data['conferenceId']}"
    assert google.held(address) == [get(events, created["id"])]


def test_two_events_have_two_links(events: Any) -> None:
    assert insert(events)["hangoutLink"] != insert(events)["hangoutLink"]


def test_without_conference_data_version_nobody_listens(events: Any) -> None:
    created = events.insert(calendarId="primary", body=event(conferenceData=meet("r-1"))).execute()

    assert created.keys().isdisjoint({"conferenceData", "hangoutLink"})


@pytest.mark.parametrize("polls", [0, 2])
def test_a_pending_link_is_there_after_so_many_polls(google: Google, events: Any, address: str, polls: int) -> None:
    google.order("google_pending", polls=polls, email=address)
    created = insert(events)
    seen = [get(events, created["id"]) for _ in range(polls + 1)]

    check(created, "Event")
    assert "hangoutLink" not in created
    assert [status(found) for found in (created, *seen)] == ["pending"] * (polls + 1) + ["success"]
    assert seen[-1]["hangoutLink"]
    assert seen[-1]["etag"] != created["etag"]


@pytest.mark.parametrize("fault", ["google_pending", "google_conference_failure"])
def test_trouble_with_a_link_can_be_ordered_for_one_event(google: Google, events: Any, fault: str) -> None:
    google.order(fault, summary="The second")

    assert "hangoutLink" in insert(events, summary="The first: Lina")
    assert "hangoutLink" not in insert(events, summary="The second: Lina")
    assert "hangoutLink" in insert(events)


def test_looking_at_what_the_calendar_holds_is_no_poll(google: Google, events: Any, address: str) -> None:
    google.order("google_pending", polls=0)
    insert(events)

    assert [status(google.held(address)[0]) for _ in range(3)] == ["pending"] * 3


def test_a_repeated_insert_does_not_use_up_the_fault(google: Google, events: Any) -> None:
    google.order("google_pending", polls=1, count=2)
    insert(events, id="a1b2c3d4e5")
    with pytest.raises(HttpError, match="already exists"):
        insert(events, id="a1b2c3d4e5")

    assert [fault["hits"] for fault in google.http.get(f"{google.sandbox.url}/faults").json()["items"]] == [1]


def test_the_same_request_is_heard_once(events: Any) -> None:
    created = insert(events)

    assert ask(events, created["id"], meet("r-1"))["hangoutLink"] == created["hangoutLink"]
    assert ask(events, created["id"], meet("r-2"))["hangoutLink"] != created["hangoutLink"]


def test_a_failed_request_can_be_repeated_under_another_id(google: Google, events: Any, address: str) -> None:
    google.order("google_conference_failure", email=address)
    created = insert(events)
    assert status(created) == "failure"
    assert "hangoutLink" not in created

    assert status(ask(events, created["id"], meet("r-1"))) == "failure"
    assert ask(events, created["id"], meet("r-2"))["hangoutLink"]


def test_a_link_can_be_taken_away_and_other_changes_keep_it(events: Any) -> None:
    created = insert(events)
    patch = events.patch(calendarId="primary", eventId=created["id"], body={"summary": "x", "conferenceData": None})
    assert patch.execute()["hangoutLink"] == created["hangoutLink"], "conferenceDataVersion was not given"

    assert ask(events, created["id"], None).keys().isdisjoint({"conferenceData", "hangoutLink"})


@pytest.mark.parametrize(
    "data",
    [
        {"createRequest": {"requestId": "r", "conferenceSolutionKey": {"type": "eventHangout"}}},
        {"createRequest": {"conferenceSolutionKey": {"type": "hangoutsMeet"}}},
        {"createRequest": {"requestId": ""}},
        {"createRequest": "now"},
        "now",
    ],
)
def test_a_request_that_google_would_not_take_is_400(google: Google, events: Any, address: str, data: Any) -> None:
    with pytest.raises(HttpError) as error:
        events.insert(calendarId="primary", body=event(conferenceData=data), conferenceDataVersion=1).execute()

    assert error.value.status_code == 400
    assert google.held(address) == []
