"""Google Calendar v3: events with Meet links in a mentor's own calendar, inserted so that a repetition finds its own.

Facts: developers.google.com/workspace/calendar/api/v3/reference/events; the discovery document is in the wheel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.gateways.google.errors import (
    ForeignEvent,
    GoogleLimited,
    GoogleRefused,
    GoogleUnavailable,
    MeetPending,
    QuotaUsedUp,
    TokenRefused,
)
from app.gateways.google.transport import Transport
from app.infra.config import settings
from app.kernel.clock import rfc3339
from app.kernel.errors import Failure

if TYPE_CHECKING:
    from googleapiclient.errors import HttpError

#: The private property that says whose event it is: ids can be guessed, this is what is compared.
OWNER_PROPERTY = "amana_session"

#: How often Google is asked to make a Meet link for one event after it failed.
CONFERENCE_TRIES = 3

#: Seconds to stay away when a calendar's own quota is used up: it is filled again in hours.
SLOW_LANE_SECONDS = 3_600

_SLOW_DOWN = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_USED_UP = frozenset({"quotaExceeded", "dailyLimitExceeded", "calendarLimitExceeded"})

#: Nobody gets Google's own mails: both people get ours, with an .ics under the same UID.
_QUIETLY = {"sendUpdates": "none"}

#: Without it Google ignores conferenceData in silence.
_WITH_MEET = {"conferenceDataVersion": 1}


@dataclass(frozen=True)
class Event:
    """What is to stand in the calendar. `session_id` is ours; instants are UTC."""

    event_id: str
    session_id: UUID
    summary: str
    description: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Inserted:
    """What stands there. A deleted event keeps its id for ever; `link` is where people meet."""

    is_deleted: bool
    link: str | None


class AlreadyThere(Failure):
    """The id is taken, by our own event unless the ids of Google collide."""


class Gone(Failure):
    """There is no such event (404), or no more (410)."""

    def __init__(self, *, was_there: bool) -> None:
        """Take whether it was deleted rather than never there."""
        super().__init__("there is no such event")
        self.was_there = was_there


@dataclass(frozen=True)
class Calendar:
    """The primary calendar of whoever gave the access token. Every call may raise the failures of errors.py."""

    transport: Transport

    def insert(self, event: Event) -> Inserted:
        """Put the event there, or find it again; raise MeetPending while its link is being made, ForeignEvent."""
        body = _body(event)
        try:
            found = self._run(_events().insert(calendarId="primary", body=body, **_QUIETLY, **_WITH_MEET))
        except AlreadyThere:
            found = self._run(_events().get(calendarId="primary", eventId=event.event_id))
        return self._read(event, found)

    def delete(self, event_id: str) -> bool:
        """Delete an event; False when there never was one. One that is deleted already counts as deleted."""
        try:
            self._run(_events().delete(calendarId="primary", eventId=event_id, **_QUIETLY))
        except Gone as gone:
            return gone.was_there
        return True

    def _read(self, event: Event, found: dict[str, Any]) -> Inserted:
        if found.get("status") == "cancelled":
            return Inserted(is_deleted=True, link=None)
        if found.get("extendedProperties", {}).get("private", {}).get(OWNER_PROPERTY) != str(event.session_id):
            raise ForeignEvent("under the id of our event there is another one")
        conference = found.get("conferenceData", {})
        link = _link(found, conference)
        if link:
            return Inserted(is_deleted=False, link=link)
        request = conference.get("createRequest", {})
        if request.get("status", {}).get("statusCode") == "failure":
            self._ask_again(event, str(request.get("requestId", "")))
        raise MeetPending("Google has not made the Meet link yet")

    def _ask_again(self, event: Event, failed: str) -> None:
        """Ask for the link anew: Google ignores a request under an id that it has seen."""
        tries = int(failed.rpartition("-")[2]) if failed.rpartition("-")[2].isdecimal() else CONFERENCE_TRIES
        if tries >= CONFERENCE_TRIES:
            raise GoogleRefused(f"Google failed to make a Meet link {tries} times")
        body = {"conferenceData": _conference(event.event_id, tries + 1)}
        patch = _events().patch(calendarId="primary", eventId=event.event_id, body=body, **_QUIETLY, **_WITH_MEET)
        self._run(patch)

    def _run(self, request: Any) -> dict[str, Any]:
        from googleapiclient.errors import HttpError  # noqa: PLC0415 - takes longer than all else of a start

        try:
            # No retries in here: they ignore Retry-After and hold a worker up. The delivery is retried instead.
            answer = request.execute(http=self.transport, num_retries=0)
        except HttpError as error:
            raise _failure(error) from None  # its text quotes the address of the request
        return answer if isinstance(answer, dict) else {}


def _body(event: Event) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "summary": event.summary,
        "description": event.description,
        "start": {"dateTime": rfc3339(event.starts_at)},
        "end": {"dateTime": rfc3339(event.ends_at)},
        "extendedProperties": {"private": {OWNER_PROPERTY: str(event.session_id)}},
        "conferenceData": _conference(event.event_id, 1),
    }


def _conference(event_id: str, number: int) -> dict[str, Any]:
    """Return the request for a Meet link; the number stands in its id, so that a retry knows how many there were."""
    solution = {"type": "hangoutsMeet"}
    return {"createRequest": {"requestId": f"{event_id}-{number}", "conferenceSolutionKey": solution}}


def _link(found: dict[str, Any], conference: dict[str, Any]) -> str | None:
    videos = [entry.get("uri") for entry in conference.get("entryPoints", ()) if entry.get("entryPointType") == "video"]
    link = found.get("hangoutLink") or next(iter(videos), None)
    return link if isinstance(link, str) and link.startswith(("https://", "http://")) and len(link) <= 2_000 else None


def _events() -> Any:
    return _events_at(settings().google_calendar_url)


@cache
def _events_at(url: str) -> Any:
    """Return the events of the client in the wheel: nothing is fetched, and each call brings its own http.

    Kept, because its methods are made anew from the discovery document whenever it is asked for.
    """
    from googleapiclient.discovery import build  # noqa: PLC0415 - as above

    service = build(
        "calendar", "v3", http=Transport(), static_discovery=True, cache_discovery=False,
        client_options={"api_endpoint": f"{url}/"},
    )  # fmt: skip
    return service.events()


def _failure(error: HttpError) -> Failure:
    """Say what an answer means; Google's own words are kept out: they may repeat what we sent."""
    status = int(error.resp.status)
    if status in {404, 410}:
        return Gone(was_there=status == 410)
    if status == 409:
        return AlreadyThere("the id is taken")
    if status == 401:
        return TokenRefused("Google takes the access token no more")
    return _refusal(error, status, _reason(error))


def _refusal(error: HttpError, status: int, reason: str) -> Failure:
    """Tell what may be asked again, and when, from what may not."""
    told = f"Google answered {status} {reason}".rstrip()
    if status == 429 or reason in _SLOW_DOWN:
        return GoogleLimited(told, retry_after=_retry_after(error))
    if reason in _USED_UP:
        return QuotaUsedUp(told, retry_after=SLOW_LANE_SECONDS)
    if status >= 500 or status in {408, 412}:
        return GoogleUnavailable(told, retry_after=_retry_after(error))
    return GoogleRefused(told)


def _reason(error: HttpError) -> str:
    """Return Google's word for what is wrong, from the old shape of errors."""
    details = error.error_details
    first = details[0] if isinstance(details, list) and details else {}
    reason = first.get("reason", "") if isinstance(first, dict) else ""
    return reason if isinstance(reason, str) and reason.isalnum() else ""


def _retry_after(error: HttpError) -> int | None:
    asked = error.resp.get("retry-after", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 6 else None
