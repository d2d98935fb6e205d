"""Events of Calendar v3, driven by Google's official client and checked against its discovery document."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.errors import HttpError

from sandbox.google import scopes
from tests.sandbox.google_peers import END, FREE_BUSY, START, Google, event
from tests.sandbox.google_schema import check, scopes_of
from tests.sandbox.peers import BusinessClock, Gateway

NOTES = {"extendedProperties": {"private": {"session": "s-1"}, "shared": {"a": "b"}}}


@pytest.fixture
def credentials(google: Google, address: str) -> Credentials:
    return google.connect(address)


@pytest.fixture
def events(google: Google, credentials: Credentials) -> Iterator[Any]:
    with google.calendar(credentials) as calendar:
        yield calendar.events()


def insert(events: Any, **changes: Any) -> dict[str, Any]:
    created: dict[str, Any] = events.insert(calendarId="primary", body=event(**changes), sendUpdates="none").execute()
    return created


def get(events: Any, event_id: str) -> dict[str, Any]:
    found: dict[str, Any] = events.get(calendarId="primary", eventId=event_id).execute()
    return found


def refused(call: Any) -> tuple[int, str]:
    with pytest.raises(HttpError) as error:
        call.execute()
    return error.value.status_code, error.value.error_details[0]["reason"]


def own_id() -> str:
    return uuid.uuid4().hex


def test_an_inserted_event_is_the_one_that_is_read_listed_and_held(google: Google, events: Any, address: str) -> None:
    event_id = own_id()
    created = insert(events, id=event_id, description="Ask me anything", location="Online", **NOTES)
    listed = events.list(calendarId="primary").execute()

    check(created, "Event")
    check(listed, "Events")
    assert created == get(events, event_id) == listed["items"][0] == google.held(address)[0]
    assert (created["id"], created["status"], created["sequence"]) == (event_id, "confirmed", 0)
    assert created["organizer"] == {"email": address, "self": True}
    assert created["extendedProperties"] == NOTES["extendedProperties"]
    assert created["iCalUID"] == f"{event_id}@google.com"


def test_everything_that_can_be_written_fits_the_schema(events: Any) -> None:
    written = {
        "summary": "Zoë ✓", "colorId": "5", "status": "tentative", "transparency": "transparent",
        "visibility": "private", "guestsCanModify": False, "guestsCanInviteOthers": False, "anyoneCanAddSelf": False,
        "attendees": [{"email": "lina@example.com", "displayName": "Lina", "responseStatus": "accepted"}],
        "reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 10}]},
        "source": {"title": "Amana", "url": "https://example.com"},
    }  # fmt: skip
    created = insert(events, **written)

    check(created, "Event")
    assert {name: created[name] for name in written} == written


def test_times_are_told_in_utc_however_they_were_written(events: Any) -> None:
    start = {"dateTime": "2027-03-01T11:30:00+01:00"}
    end = {"dateTime": "2027-03-01T12:30:00", "timeZone": "Africa/Tunis"}
    created = insert(events, start=start, end=end)

    assert created["start"] == {"dateTime": "2027-03-01T10:30:00Z", "timeZone": "UTC"}
    assert created["end"] == {"dateTime": "2027-03-01T11:30:00Z", "timeZone": "Africa/Tunis"}


def test_a_whole_day_is_a_date(events: Any) -> None:
    created = insert(events, start={"date": "2027-03-01"}, end={"date": "2027-03-02"})

    check(created, "Event")
    assert (created["start"], created["end"]) == ({"date": "2027-03-01"}, {"date": "2027-03-02"})


def test_without_an_id_google_draws_one(events: Any) -> None:
    first, second = insert(events), insert(events)

    assert first["id"] != second["id"]
    assert len(first["id"]) == 26


def test_an_icaluid_can_be_given_and_found(events: Any) -> None:
    uid = f"{own_id()}@example.com"
    created = insert(events, iCalUID=uid)

    assert created["iCalUID"] == uid
    assert [item["id"] for item in events.list(calendarId="primary", iCalUID=uid).execute()["items"]] == [created["id"]]


def test_an_id_serves_once_even_when_its_event_is_deleted(google: Google, events: Any, address: str) -> None:
    event_id = own_id()
    insert(events, id=event_id)
    assert refused(events.insert(calendarId="primary", body=event(id=event_id, summary="Again"))) == (409, "duplicate")
    assert get(events, event_id)["summary"] == "One hour"

    events.delete(calendarId="primary", eventId=event_id).execute()
    assert refused(events.insert(calendarId="primary", body=event(id=event_id))) == (409, "duplicate")
    assert get(events, event_id)["status"] == "cancelled"
    assert google.held(address) == []
    assert [item["status"] for item in google.held(address, showDeleted="true")] == ["cancelled"]


def test_of_many_inserts_at_once_under_one_id_one_succeeds(google: Google, credentials: Credentials) -> None:
    body = event(id=own_id())
    with ThreadPoolExecutor(8) as people:
        post = lambda _: google.call("POST", "calendars/primary/events", credentials, json=body).status_code
        assert sorted(people.map(post, range(16))) == [200] + [409] * 15


def test_the_same_id_serves_in_another_calendar(google: Google, events: Any, address: str) -> None:
    event_id = own_id()
    insert(events, id=event_id)
    with google.calendar(google.connect(f"x{address}")) as other:
        assert insert(other.events(), id=event_id)["id"] == event_id


def test_deleting_is_204_then_410_and_404_for_what_never_was(google: Google, credentials: Credentials) -> None:
    created = google.call("POST", "calendars/primary/events", credentials, json=event()).json()
    path = f"calendars/primary/events/{created['id']}"
    answers = [google.call("DELETE", path, credentials) for _ in range(2)]
    unknown = google.call("DELETE", "calendars/primary/events/abcde", credentials)

    assert [answer.status_code for answer in (*answers, unknown)] == [204, 410, 404]
    assert answers[0].content == b""
    assert [answer.json()["error"]["errors"][0]["reason"] for answer in (answers[1], unknown)] == [
        "deleted",
        "notFound",
    ]


def test_a_patch_changes_what_it_names_and_merges_objects(events: Any) -> None:
    created = insert(events, description="Old", **NOTES)
    changes = {"summary": "Two hours", "description": None, "extendedProperties": {"private": {"more": "yes"}}}
    patched = events.patch(calendarId="primary", eventId=created["id"], body=changes).execute()

    check(patched, "Event")
    assert patched == get(events, created["id"])
    assert (patched["summary"], patched["sequence"]) == ("Two hours", 1)
    assert "description" not in patched
    assert patched["extendedProperties"] == {"private": {"session": "s-1", "more": "yes"}, "shared": {"a": "b"}}
    assert (patched["start"], patched["created"]) == (created["start"], created["created"])
    assert patched["etag"] != created["etag"]


def test_a_whole_event_that_was_read_can_be_patched_back(events: Any) -> None:
    created = insert(events)

    assert events.patch(calendarId="primary", eventId=created["id"], body=created).execute()["summary"] == "One hour"


def test_if_match_keeps_two_writers_apart(events: Any) -> None:
    created = insert(events)

    def patch(summary: str, etag: str) -> Any:
        call = events.patch(calendarId="primary", eventId=created["id"], body={"summary": summary})
        call.headers["If-Match"] = etag
        return call

    second = patch("Faster", created["etag"]).execute()
    assert refused(patch("Slower", created["etag"])) == (412, "conditionNotMet")
    assert get(events, created["id"])["summary"] == "Faster"
    assert patch("Again", second["etag"]).execute()["summary"] == "Again"


@pytest.mark.parametrize(("careful", "answers"), [(True, [200] + [412] * 7), (False, [200] * 8)])
def test_of_many_writers_who_saw_the_same_version_one_succeeds_if_they_say_so(
    google: Google, credentials: Credentials, careful: object, answers: list[int]
) -> None:
    seen = google.call("POST", "calendars/primary/events", credentials, json=event()).json()
    path, headers = f"calendars/primary/events/{seen['id']}", {"If-Match": seen["etag"]} if careful else {}
    with ThreadPoolExecutor(8) as people:
        patch = lambda n: google.call("PATCH", path, credentials, json={"summary": str(n)}, headers=headers).status_code
        assert sorted(people.map(patch, range(8))) == answers


def test_if_match_guards_deletion_too(events: Any) -> None:
    created = insert(events)
    deletion = events.delete(calendarId="primary", eventId=created["id"])
    deletion.headers["If-Match"] = '"1"'

    assert refused(deletion) == (412, "conditionNotMet")
    assert get(events, created["id"])["status"] == "confirmed"


def test_a_deleted_event_cannot_be_changed(events: Any) -> None:
    created = insert(events)
    events.delete(calendarId="primary", eventId=created["id"]).execute()

    assert refused(events.patch(calendarId="primary", eventId=created["id"], body={"summary": "x"})) == (
        403,
        "forbidden",
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "abcd"}, "invalid"),
        ({"id": "UPPERCASE"}, "invalid"),
        ({"id": "wxyz-wxyz"}, "invalid"),
        ({"id": "a" * 1025}, "invalid"),
        ({"id": "abcde", "iCalUID": "abcde@google.com"}, "invalid"),
        ({"start": None}, "required"),
        ({"end": None}, "required"),
        ({"start": {}}, "required"),
        ({"start": {"dateTime": "2027-03-01T10:00:00"}}, "required"),
        ({"start": {"dateTime": "tomorrow"}}, "invalid"),
        ({"start": {"dateTime": START, "timeZone": "Mars/Base"}}, "invalid"),
        ({"start": {"dateTime": START, "timeZone": "../../etc/passwd"}}, "invalid"),
        ({"start": {"date": "2027-03-01"}}, "invalid"),
        ({"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-01"}}, "timeRangeEmpty"),
        ({"start": {"dateTime": END}, "end": {"dateTime": START}}, "timeRangeEmpty"),
        ({"title": "summary is its name"}, "invalid"),
        ({"summary": 7}, "invalid"),
        ({"attendees": [{"mail": "x@example.com"}]}, "invalid"),
        ({"reminders": {"overrides": [{"method": "popup", "minutes": 1}] * 6}}, "invalid"),
        ({"extendedProperties": {"private": {"n": 1}}}, "invalid"),
        ({"transparency": "glass"}, "invalid"),
    ],
)
def test_a_body_that_google_would_not_take_is_400_and_nothing_is_kept(
    google: Google, events: Any, address: str, changes: dict[str, Any], reason: str
) -> None:
    assert refused(events.insert(calendarId="primary", body=event(**changes))) == (400, reason)
    assert google.held(address) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"start": NaN}'])
def test_a_body_that_is_no_json_object_is_400(google: Google, credentials: Credentials, body: bytes) -> None:
    answer = google.call("POST", "calendars/primary/events", credentials, content=body)

    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (400, "parseError")


def test_other_peoples_calendars_are_not_there(google: Google, events: Any, address: str) -> None:
    google.connect(f"x{address}")
    for calendar in (f"x{address}", "secondary"):
        assert refused(events.insert(calendarId=calendar, body=event())) == (404, "notFound")
        assert refused(events.list(calendarId=calendar)) == (404, "notFound")
    assert events.list(calendarId=address).execute()["items"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["first", "second"]),
        ({"timeMin": "2027-03-01T11:00:00Z"}, ["second"]),
        ({"timeMax": "2027-03-02T10:00:00Z"}, ["first"]),
        ({"privateExtendedProperty": "n=2"}, ["second"]),
        ({"q": "FIRST"}, ["first"]),
        ({"singleEvents": True, "orderBy": "startTime"}, ["first", "second"]),
        ({"showDeleted": True}, ["first", "second", "third"]),
        ({"updatedMin": "2999-01-01T00:00:00Z"}, []),
    ],
)
def test_a_list_is_filtered(events: Any, query: dict[str, Any], found: list[str]) -> None:
    for day, name in enumerate(("first", "second", "third"), 1):
        times = {"start": {"dateTime": f"2027-03-0{day}T10:00:00Z"}, "end": {"dateTime": f"2027-03-0{day}T11:00:00Z"}}
        created = insert(events, summary=name, extendedProperties={"private": {"n": str(day)}}, **times)
    events.delete(calendarId="primary", eventId=created["id"]).execute()

    assert [item["summary"] for item in events.list(calendarId="primary", **query).execute()["items"]] == found


@pytest.mark.parametrize(("count", "pages"), [(4, [2, 2]), (5, [2, 2, 1])])
def test_a_list_comes_page_by_page(events: Any, count: int, pages: list[int]) -> None:
    wanted = {insert(events)["id"] for _ in range(count)}
    request, sizes, found = events.list(calendarId="primary", maxResults=2), [], set()
    while request is not None:
        page = request.execute()
        check(page, "Events")
        sizes.append(len(page["items"]))
        found |= {item["id"] for item in page["items"]}
        request = events.list_next(request, page)

    assert (sizes, found) == (pages, wanted)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ({"orderBy": "startTime"}, (400, "invalid")),
        ({"timeMin": END, "timeMax": START}, (400, "timeRangeEmpty")),
        ({"timeMin": "yesterday"}, (400, "invalid")),
        ({"privateExtendedProperty": "n"}, (400, "invalid")),
        ({"pageToken": "soon"}, (400, "invalid")),
        ({"syncToken": "from-another-life"}, (410, "fullSyncRequired")),
    ],
)
def test_a_list_that_cannot_be_made_is_refused(events: Any, query: dict[str, Any], answer: tuple[int, str]) -> None:
    assert refused(events.list(calendarId="primary", **query)) == answer


def test_without_the_scope_nothing_is_done(google: Google, address: str) -> None:
    with google.calendar(google.connect(address, ["openid", FREE_BUSY])) as calendar:
        mute = calendar.events()
        for call in (mute.insert(calendarId="primary", body=event()), mute.list(calendarId="primary")):
            assert refused(call) == (403, "insufficientPermissions")
    assert google.held(address) == []


def test_scopes_open_the_calls_that_the_discovery_document_says() -> None:
    for method in ("insert", "patch", "delete"):
        assert scopes_of("events", method) == scopes.WRITE_EVENTS
    for method in ("get", "list"):
        assert scopes_of("events", method) == scopes.READ_EVENTS


def test_events_are_stamped_by_business_time(
    timed: Gateway, clock: BusinessClock, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    clock.offset = timedelta(days=90)
    google = Google(timed.sandbox, timed.http)
    with google.calendar(google.connect(address)) as calendar:
        created = insert(calendar.events())

    ahead = datetime.fromisoformat(created["created"]) - datetime.now(tz=UTC)
    assert timedelta(days=89) < ahead < timedelta(days=91)
