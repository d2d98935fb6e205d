"""The body of an event: every field that a client may write, its type and its limits, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.google.errors import ApiError, invalid
from sandbox.google.times import instant_of, read_moment
from sandbox.reading import is_text, is_whole

MOST_REMINDERS, MOST_REMINDER_MINUTES, MOST_ATTENDEES = 5, 40_320, 200
ID = re.compile(r"[a-v0-9]{5,1024}")
"""Base32hex in small letters, as the documentation of Event.id has it."""

READ_ONLY = frozenset({
    "kind", "etag", "id", "iCalUID", "htmlLink", "created", "updated", "creator", "organizer", "hangoutLink",
    "eventType", "sequence", "conferenceData",
})  # fmt: skip
"""Fields of an event that this reading passes over: Google's own, and those that are read elsewhere."""


def _text(longest: int) -> Callable[[object], bool]:
    return lambda value: is_text(value, longest)


def _one_of(*allowed: str) -> Callable[[object], bool]:
    return lambda value: value in allowed


def _object(**fields: Callable[[object], bool]) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return isinstance(value, dict) and all(name in fields and fields[name](part) for name, part in value.items())

    return fits


def _list(item: Callable[[object], bool], most: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and len(value) <= most and all(item(part) for part in value)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_properties(value: object) -> bool:
    """Keys of at most 44 characters, values of at most 1024, as the guide to extended properties has it."""
    return isinstance(value, dict) and all(is_text(key, 44) and is_text(part, 1024) for key, part in value.items())


_ATTENDEE = _object(
    email=_text(320),
    displayName=_text(1024),
    optional=_is_bool,
    resource=_is_bool,
    comment=_text(8192),
    additionalGuests=lambda value: is_whole(value, 0, 100),
    responseStatus=_one_of("needsAction", "declined", "tentative", "accepted"),
)
_REMINDER = _object(method=_one_of("email", "popup"), minutes=lambda value: is_whole(value, 0, MOST_REMINDER_MINUTES))

FIELDS: dict[str, Callable[[object], bool]] = {
    "summary": _text(1024),
    "description": _text(8192),
    "location": _text(1024),
    "colorId": _text(10),
    "status": _one_of("confirmed", "tentative"),
    "transparency": _one_of("opaque", "transparent"),
    "visibility": _one_of("default", "public", "private", "confidential"),
    "attendees": _list(_ATTENDEE, MOST_ATTENDEES),
    "reminders": _object(useDefault=_is_bool, overrides=_list(_REMINDER, MOST_REMINDERS)),
    "extendedProperties": _object(private=_is_properties, shared=_is_properties),
    "source": _object(title=_text(1024), url=_text(2048)),
    "anyoneCanAddSelf": _is_bool,
    "guestsCanInviteOthers": _is_bool,
    "guestsCanModify": _is_bool,
    "guestsCanSeeOtherGuests": _is_bool,
}
"""What each field takes, besides start and end."""


def read_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    """Check what a client wrote and return the fields to keep, start and end in UTC; raises `ApiError`.

    Stricter than Google: a field that is not documented, or not understood here (recurrence, attachments), is refused,
    because it can only be a mistake of ours.
    """
    kept = {name: value for name, value in body.items() if name not in READ_ONLY and value is not None}
    for name, value in kept.items():
        if name not in FIELDS and name not in {"start", "end"}:
            raise invalid(f"{name[:100]} is no field of an event that can be written here")
        if name in FIELDS and not FIELDS[name](value):
            raise invalid(f"Invalid value for: {name}")
    for name in ("start", "end"):
        if name not in kept:
            raise ApiError(400, "required", f"Missing {name} time.")
        kept[name] = read_moment(kept[name], name)
    _check_order(kept)
    return kept


def _check_order(fields: Mapping[str, Any]) -> None:
    start, end = fields["start"], fields["end"]
    if ("date" in start) != ("date" in end):
        raise invalid("Start and end times must either both be date or both be dateTime.")
    first, last = instant_of(start), instant_of(end)
    if last < first or ("date" in start and first == last):
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.")


def merged(old: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a patch: objects are merged, everything else is replaced, null takes away (RFC 7396)."""
    result = dict(old)
    for name, value in changes.items():
        before = result.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict) and name not in {"start", "end"}:
            result[name] = merged(before if isinstance(before, dict) else {}, value)
        else:
            result[name] = value
    return result


def read_identity(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the client's own id and iCalUID, None where it gives none; raises `ApiError`."""
    event_id, uid = body.get("id"), body.get("iCalUID")
    if event_id is not None and uid is not None:
        raise invalid("Only one of id and iCalUID may be given.")
    if event_id is not None and (not isinstance(event_id, str) or ID.fullmatch(event_id) is None):
        raise invalid("Invalid resource id value.")
    if uid is not None and (not is_text(uid, 1024) or uid == ""):
        raise invalid("Invalid iCalUID value.")
    return event_id, uid
