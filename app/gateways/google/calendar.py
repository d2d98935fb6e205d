"""Google Calendar v3: events with Meet links in a mentor's own calendar, inserted so that a repetition finds its own.

Facts: developers.google.com/workspace/calendar/api/v3/reference/events; the discovery document is in the wheel.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
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

#: What people may be shown as a link: an address of the web in visible ASCII.
_ADDRESS = re.compile(r"https?://[!-~]{1,1990}")

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


@dataclass(frozen=True)
class Calendar:
    """The primary calendar of whoever gave the access token. Every call may raise the failures of errors.py."""

    transport: Transport

    def insert(self, event: Event) -> Inserted:
        """Put the event there, or find it again; raise MeetPending while its link is being made, ForeignEvent."""
        try:
            return self._read(event, self._insert_or_find(event))
        except Gone:  # it is taken, and not to be had any more
            return Inserted(is_deleted=True, link=None)

    def delete(self, event_id: str) -> None:
        """Delete an event; one that is deleted already, or never was, counts as deleted."""
        with suppress(Gone):
            self._run(_events().delete(calendarId="primary", eventId=event_id, **_QUIETLY))

    def _insert_or_find(self, event: Event) -> _Told:
        body = _body(event)
        try:
            answer = self._run(_events().insert(calendarId="primary", body=body, **_QUIETLY, **_WITH_MEET))
        except AlreadyThere:
            answer = self._run(_events().get(calendarId="primary", eventId=event.event_id))
        except Gone:
            raise GoogleRefused("there is no calendar to write to") from None
        told = _told(answer)
        if told.event_id != event.event_id:
            raise GoogleUnavailable("Google told of another event than we asked for")
        return told

    def _read(self, event: Event, told: _Told) -> Inserted:
        if told.is_deleted:
            return Inserted(is_deleted=True, link=None)
        if told.owner != str(event.session_id):
            raise ForeignEvent("under the id of our event there is another one")
        if told.link:
            return Inserted(is_deleted=False, link=told.link)
        if told.failed_request is not None:
            self._ask_again(event, told.failed_request)
        raise MeetPending("Google has not made the Meet link yet")

    def _ask_again(self, event: Event, failed: str) -> None:
        """Ask for the link anew: Google ignores a request under an id that it has seen."""
        tries = int(failed.rpartition("-")[2]) if failed.rpartition("-")[2].isdecimal() else CONFERENCE_TRIES
        if tries >= CONFERENCE_TRIES:
            raise GoogleRefused(f"Google failed to make a Meet link {tries} times")
        body = {"conferenceData": _conference(event.event_id, tries + 1)}
        patch = _events().patch(calendarId="primary", eventId=event.event_id, body=body, **_QUIETLY, **_WITH_MEET)
        self._run(patch)

    def _run(self, request: Any) -> Any:
        from googleapiclient.errors import HttpError  # noqa: PLC0415 - takes longer than all else of a start

        try:
            # No retries in here: they ignore Retry-After and hold a worker up. The delivery is retried instead.
            return request.execute(http=self.transport, num_retries=0)
        except HttpError as error:
            raise _failure(error) from None  # its text quotes the address of the request
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise GoogleUnavailable("Google answered with something that cannot be read") from error


@dataclass(frozen=True)
class _Told:
    """What Google tells of an event. `failed_request`: the id of the request for a link that came to nothing."""

    event_id: object
    is_deleted: bool
    owner: object
    link: str | None
    failed_request: str | None


def _told(answer: Any) -> _Told:
    """Read an answer about an event."""
    try:
        conference = answer.get("conferenceData") or {}
        request = conference.get("createRequest") or {}
        failed = (request.get("status") or {}).get("statusCode") == "failure"
        return _Told(
            event_id=answer["id"],
            is_deleted=answer.get("status") == "cancelled",
            owner=((answer.get("extendedProperties") or {}).get("private") or {}).get(OWNER_PROPERTY),
            link=_link(answer, conference),
            failed_request=str(request.get("requestId", "")) if failed else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise GoogleUnavailable("Google described an event in a way that cannot be read") from error


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
    return link if isinstance(link, str) and _ADDRESS.fullmatch(link) else None


def _events() -> Any:
    return _events_at(settings().google_calendar_url)


@cache
def _events_at(url: str) -> Any:
    """Return the events of the client in the wheel: nothing is fetched, and each call brings its own http.

    Kept, because its methods are made anew from the discovery document whenever it is asked for.
    """
    from googleapiclient.discovery import build  # noqa: PLC0415 - as slow to load as its errors

    service = build(
        "calendar", "v3", http=Transport(), static_discovery=True, cache_discovery=False,
        client_options={"api_endpoint": f"{url}/"},
    )  # fmt: skip
    return service.events()


def _failure(error: HttpError) -> Failure:
    """Say what an answer means; Google's own words are kept out: they may repeat what we sent."""
    status = int(error.resp.status)
    if status in {404, 410}:
        return Gone("there is no such event")
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
    """Return Google's word for what is wrong, from the old shape of errors.

    Not from the library's `error_details`: where an answer has both shapes, that is the new one, with other words.
    """
    try:
        reason = json.loads(error.content)["error"]["errors"][0]["reason"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return reason if isinstance(reason, str) and reason.isalnum() else ""


def _retry_after(error: HttpError) -> int | None:
    asked = error.resp.get("retry-after", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= 6 else None
