"""Events of Calendar v3 on the wire: insert, get, patch, delete, list.

Source: developers.google.com/workspace/calendar/api/v3/reference/events, and the discovery document of revision
20261030. Where those leave it open: a deleted event can be read, with status cancelled, but not changed (403).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

from sandbox.google import errors, search, trouble
from sandbox.google.door import door
from sandbox.google.errors import ApiError, invalid, not_found
from sandbox.google.eventbody import merged, read_fields, read_identity
from sandbox.google.events import Event, new_id
from sandbox.google.grants import Consent
from sandbox.google.meet import Conference, new_code, read_request
from sandbox.google.scopes import READ_EVENTS, WRITE_EVENTS
from sandbox.reading import json_object, whole_number
from sandbox.world import world

blueprint = Blueprint("events", __name__, url_prefix="/google/calendar/v3/calendars/<calendar_id>/events")
errors.install(blueprint)


@blueprint.post("")
@door("insert", WRITE_EVENTS)
def insert(consent: Consent, calendar_id: str) -> Response:
    """Put a new event into the calendar; with conferenceDataVersion=1 its createRequest is heard."""
    check_calendar(consent, calendar_id)
    body = json_object(request.get_data())
    event_id, uid = read_identity(body)
    event_id = event_id or new_id()
    now = world().clock.now()
    event = Event(consent.email, event_id, uid or f"{event_id}@google.com", read_fields(body), now, now)
    hear = read_conference(body)
    return told(world().events.insert(event, hear))


@blueprint.get("/<event_id>")
@door("get", READ_EVENTS)
def get(consent: Consent, calendar_id: str, event_id: str) -> Response:
    """Tell one event, a deleted one with status cancelled."""
    check_calendar(consent, calendar_id)
    return told(world().events.poll(consent.email, event_id))


@blueprint.patch("/<event_id>")
@door("patch", WRITE_EVENTS)
def patch(consent: Consent, calendar_id: str, event_id: str) -> Response:
    """Change some fields of an event, if it is still the one of If-Match."""
    check_calendar(consent, calendar_id)
    body = json_object(request.get_data())
    hear, now = read_conference(body), world().clock.now()

    def change(event: Event) -> Event:
        if event.deleted:
            raise ApiError(403, "forbidden", "Forbidden")
        return hear(replace(event, fields=read_fields(merged(event.fields, body)), updated=now))

    return told(world().events.change(consent.email, event_id, request.headers.get("If-Match"), change))


@blueprint.delete("/<event_id>")
@door("delete", WRITE_EVENTS)
def delete(consent: Consent, calendar_id: str, event_id: str) -> Response:
    """Delete an event; 410 when that was done already."""
    check_calendar(consent, calendar_id)
    now = world().clock.now()

    def cancel(event: Event) -> Event:
        if event.deleted:
            raise ApiError(410, "deleted", "Resource has been deleted")
        return replace(event, deleted=True, updated=now)

    world().events.change(consent.email, event_id, request.headers.get("If-Match"), cancel)
    return Response(status=204)


@blueprint.get("")
@door("list", READ_EVENTS)
def list_events(consent: Consent, calendar_id: str) -> Response:
    """List events, page by page."""
    check_calendar(consent, calendar_id)
    page = search.read_search(request.args)
    everything = world().events.listed(consent.email, deleted=True)
    found, next_page = page.cut(everything)
    answer = {
        "kind": "calendar#events",
        "etag": f'"{sum(event.version for event in everything)}"',
        "summary": consent.email,
        "description": "",
        "updated": search.newest_change(everything, world().clock.now()),
        "timeZone": "UTC",
        "accessRole": "owner",
        "defaultReminders": [],
        "items": [event.as_json() for event in found],
    }
    return jsonify(answer | ({"nextPageToken": next_page} if next_page else {}))


def check_calendar(consent: Consent, calendar_id: str) -> None:
    """Refuse every calendar but the account's own; raises `ApiError` 404."""
    if calendar_id not in {"primary", consent.email}:
        raise not_found()


def read_conference(body: Mapping[str, Any]) -> Callable[[Event], Event]:
    """Return what a body's conferenceData makes of an event; raises `ApiError`.

    Without conferenceDataVersion=1 it is passed over; a requestId that the event has heard before is too.
    """
    version = whole_number(request.args.get("conferenceDataVersion", "0"))
    if version not in {0, 1}:
        raise invalid("Invalid value for: conferenceDataVersion, 0 or 1")
    if version == 0 or "conferenceData" not in body:
        return lambda event: event
    if body["conferenceData"] is None:
        return lambda event: replace(event, conference=None)
    request_id = read_request(body["conferenceData"])
    return lambda event: _with_meet(event, request_id)


def _with_meet(event: Event, request_id: str | None) -> Event:
    heard = event.conference.request_id if event.conference else None
    if request_id in {None, heard}:
        return event
    summary = str(event.fields.get("summary", ""))
    return replace(event, conference=trouble.spoilt(event.email, summary, Conference(str(request_id), new_code())))


def told(event: Event) -> Response:
    """Answer with an event and its entity tag."""
    answer = jsonify(event.as_json())
    answer.headers["ETag"] = event.etag
    return answer
