"""Calendars of Calendar v3 on the wire: the list, the primary calendar, and freeBusy.

Source: developers.google.com/workspace/calendar/api/v3/reference, calendarList, calendars and freebusy.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.google import errors
from sandbox.google.door import door
from sandbox.google.errors import ApiError, invalid, not_found
from sandbox.google.events import Event
from sandbox.google.grants import Consent
from sandbox.google.scopes import LIST_CALENDARS, QUERY_FREE_BUSY, READ_CALENDAR
from sandbox.google.times import read_instant, read_zone, written
from sandbox.reading import is_text, json_object
from sandbox.world import world

MOST_CALENDARS = 50
CONFERENCES = {"allowedConferenceSolutionTypes": ["hangoutsMeet"]}

blueprint = Blueprint("calendars", __name__, url_prefix="/google/calendar/v3")
errors.install(blueprint)


@blueprint.get("/users/me/calendarList")
@door("calendars", LIST_CALENDARS)
def list_calendars(consent: Consent) -> Response:
    """List the account's calendars: its primary one."""
    entry = calendar(consent) | {
        "kind": "calendar#calendarListEntry",
        "accessRole": "owner",
        "primary": True,
        "selected": True,
        "defaultReminders": [],
    }
    return jsonify(kind="calendar#calendarList", etag='"1"', items=[entry])


@blueprint.get("/calendars/<calendar_id>")
@door("calendars", READ_CALENDAR)
def get_calendar(consent: Consent, calendar_id: str) -> Response:
    """Tell what the primary calendar is."""
    if calendar_id not in {"primary", consent.email}:
        raise not_found()
    return jsonify(calendar(consent))


@blueprint.post("/freeBusy")
@door("freebusy", QUERY_FREE_BUSY)
def query_free_busy(consent: Consent) -> Response:
    """Tell when calendars are busy; a calendar that is not the account's own is an error inside the answer."""
    body = json_object(request.get_data())
    start, end = (read_instant(body.get(name), name) for name in ("timeMin", "timeMax"))
    read_zone(body.get("timeZone"))
    if end <= start:
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.")
    events = world().events.listed(consent.email)
    missing = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    own = {"busy": busy(events, start, end)}
    calendars = {name: own if name in {"primary", consent.email} else missing for name in read_items(body)}
    return jsonify(kind="calendar#freeBusy", timeMin=written(start), timeMax=written(end), calendars=calendars)


def calendar(consent: Consent) -> dict[str, Any]:
    """Write the resource Calendar of an account."""
    return {
        "kind": "calendar#calendar",
        "etag": '"1"',
        "id": consent.email,
        "summary": consent.email,
        "timeZone": "UTC",
        "conferenceProperties": CONFERENCES,
    }


def read_items(body: dict[str, Any]) -> list[str]:
    """Return the calendars that freeBusy asks for; raises `ApiError`."""
    items = body.get("items", [])
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and is_text(item.get("id"), 1024) for item in items
    ):
        raise invalid("Invalid value for: items, a list of {id}")
    if len(items) > MOST_CALENDARS:
        raise ApiError(400, "tooManyCalendarsRequested", f"At most {MOST_CALENDARS} calendars may be asked for.")
    return [item["id"] for item in items]


def busy(events: Sequence[Event], start: datetime, end: datetime) -> list[dict[str, str]]:
    """Join the busy times of events, in the order of their starts, cut to the window; free ones are left out."""
    joined: list[tuple[datetime, datetime]] = []
    spans = sorted(
        (max(start, event.starts_at), min(end, event.ends_at))
        for event in events
        if event.fields.get("transparency") != "transparent"
    )
    for begins, ends in spans:
        if begins >= ends:
            continue
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(ends, joined[-1][1]))
        else:
            joined.append((begins, ends))
    return [{"start": written(begins), "end": written(ends)} for begins, ends in joined]
