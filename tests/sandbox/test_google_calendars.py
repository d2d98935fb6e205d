"""The list of calendars, the primary one, and when it is busy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from sandbox.google import scopes
from tests.sandbox.google_peers import CALENDARS, SCOPES, Google, event
from tests.sandbox.google_schema import check, scopes_of

DAY = {"timeMin": "2027-03-01T00:00:00Z", "timeMax": "2027-03-02T00:00:00Z"}


@pytest.fixture
def calendar(google: Google, address: str) -> Iterator[Any]:
    with google.calendar(google.connect(address, [*SCOPES, CALENDARS])) as client:
        yield client


def free_busy(calendar: Any, **changes: Any) -> dict[str, Any]:
    body = {**DAY, "items": [{"id": "primary"}], **changes}
    answer: dict[str, Any] = calendar.freebusy().query(body=body).execute()
    check(answer, "FreeBusyResponse")
    return answer


def put(calendar: Any, start: str, end: str, **changes: Any) -> str:
    kind = "date" if len(start) == len("2027-03-01") else "dateTime"
    body = event(start={kind: start}, end={kind: end}, **changes)
    return str(calendar.events().insert(calendarId="primary", body=body).execute()["id"])


def spans(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(busy["start"][11:16], busy["end"][11:16]) for busy in answer["calendars"]["primary"]["busy"]]


def test_an_account_has_its_primary_calendar(calendar: Any, address: str) -> None:
    listed = calendar.calendarList().list().execute()
    own = calendar.calendars().get(calendarId="primary").execute()

    check(listed, "CalendarList")
    check(own, "Calendar")
    assert [(entry["id"], entry["primary"], entry["accessRole"]) for entry in listed["items"]] == [
        (address, True, "owner")
    ]
    assert own["id"] == address
    assert own["conferenceProperties"] == {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}
    with pytest.raises(HttpError, match="404"):
        calendar.calendars().get(calendarId=f"x{address}").execute()


def test_busy_times_are_joined_and_cut_to_the_window(calendar: Any) -> None:
    put(calendar, "2027-02-28T23:00:00Z", "2027-03-01T01:00:00Z")
    put(calendar, "2027-03-01T10:00:00Z", "2027-03-01T11:00:00Z")
    put(calendar, "2027-03-01T11:00:00Z", "2027-03-01T12:00:00Z")
    put(calendar, "2027-03-01T15:00:00Z", "2027-03-01T15:30:00Z")
    put(calendar, "2027-03-03T10:00:00Z", "2027-03-03T11:00:00Z")

    assert spans(free_busy(calendar)) == [("00:00", "01:00"), ("10:00", "12:00"), ("15:00", "15:30")]


def test_free_and_deleted_events_leave_the_time_free(calendar: Any) -> None:
    put(calendar, "2027-03-01T10:00:00Z", "2027-03-01T11:00:00Z", transparency="transparent")
    gone = put(calendar, "2027-03-01T12:00:00Z", "2027-03-01T13:00:00Z")
    calendar.events().delete(calendarId="primary", eventId=gone).execute()

    assert spans(free_busy(calendar)) == []


def test_a_whole_day_is_busy(calendar: Any) -> None:
    put(calendar, "2027-03-01", "2027-03-02")

    assert spans(free_busy(calendar)) == [("00:00", "00:00")]


def test_what_was_asked_is_told_in_utc_under_the_names_that_were_asked_for(calendar: Any, address: str) -> None:
    answer = free_busy(calendar, timeMin="2027-03-01T01:00:00+01:00", items=[{"id": address}, {"id": "stranger"}])

    assert {"timeMin": answer["timeMin"], "timeMax": answer["timeMax"]} == DAY
    assert answer["calendars"][address] == {"busy": []}
    assert answer["calendars"]["stranger"]["errors"] == [{"domain": "global", "reason": "notFound"}]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timeMax": DAY["timeMin"]}, "timeRangeEmpty"),
        ({"timeMin": "soon"}, "invalid"),
        ({"timeZone": "Mars/Base"}, "invalid"),
        ({"items": "primary"}, "invalid"),
        ({"items": [{"id": str(n)} for n in range(51)]}, "tooManyCalendarsRequested"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(calendar: Any, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(HttpError) as error:
        free_busy(calendar, **changes)

    assert (error.value.status_code, error.value.error_details[0]["reason"]) == (400, reason)


def test_the_scope_for_events_does_not_open_free_busy(google: Google, address: str) -> None:
    with google.calendar(google.connect(address, SCOPES[:3])) as calendar:
        for call in (calendar.freebusy().query(body=DAY), calendar.calendarList().list()):
            with pytest.raises(HttpError) as error:
                call.execute()
            assert error.value.error_details[0]["reason"] == "insufficientPermissions"


def test_scopes_open_the_calls_that_the_discovery_document_says() -> None:
    assert scopes_of("freebusy", "query") == scopes.QUERY_FREE_BUSY
    assert scopes_of("calendarList", "list") == scopes.LIST_CALENDARS
    assert scopes_of("calendars", "get") == scopes.READ_CALENDAR
