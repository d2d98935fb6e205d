"""The events of all calendars: one calendar for each account, its primary one, in UTC."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sandbox.clock import rfc3339
from sandbox.google.errors import ApiError, not_found
from sandbox.google.meet import Conference
from sandbox.google.times import instant_of
from sandbox.store import Shelf

MOST_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class Event:
    """One event at one instant; every change makes a new one, of the next version.

    `fields` is what the client wrote, checked; `created` and `updated` are business time.
    """

    email: str
    id: str
    uid: str
    fields: Mapping[str, Any]
    created: datetime
    updated: datetime
    version: int = 1
    sequence: int = 0
    deleted: bool = False
    conference: Conference | None = None

    @property
    def starts_at(self) -> datetime:
        """The instant it begins."""
        return instant_of(self.fields["start"])

    @property
    def ends_at(self) -> datetime:
        """The instant it is over."""
        return instant_of(self.fields["end"])

    @property
    def etag(self) -> str:
        """The version as an entity tag."""
        digest = hashlib.sha256(f"{self.email}/{self.id}/{self.version}".encode()).digest()
        return f'"{int.from_bytes(digest[:7])}"'

    def as_json(self) -> dict[str, Any]:
        """Write it as the resource Event of Calendar v3."""
        owner = {"email": self.email, "self": True}
        told: dict[str, Any] = {
            "kind": "calendar#event",
            "etag": self.etag,
            "id": self.id,
            "status": "confirmed",
            "htmlLink": f"https://www.google.com/calendar/event?eid={self.id}",
            "created": rfc3339(self.created),
            "updated": rfc3339(self.updated),
            "creator": owner,
            "organizer": owner,
            "iCalUID": self.uid,
            "sequence": self.sequence,
            "reminders": {"useDefault": True},
            "eventType": "default",
            **self.fields,
        }
        if self.deleted:
            told["status"] = "cancelled"
        if self.conference is not None:
            told["conferenceData"] = self.conference.as_json()
            if self.conference.link is not None:
                told["hangoutLink"] = self.conference.link
        return told


class Events:
    """All events, the deleted ones too: their ids stay taken. The oldest is forgotten when there are too many."""

    def __init__(self, lock: threading.RLock, shelf: Shelf[Event]) -> None:
        self._lock = lock
        self._events = shelf

    def insert(self, event: Event, finish: Callable[[Event], Event]) -> Event:
        """Keep a new event, as `finish` makes it once its id is known to be free.

        Raises `ApiError` 409 when the id is taken, be it by a deleted event.
        """
        with self._lock:
            if _key(event.email, event.id) in self._events:
                raise ApiError(409, "duplicate", "The requested identifier already exists.")
            while len(self._events) >= MOST_EVENTS:
                self._events.drop_oldest()
            return self._keep(finish(event))

    def get(self, email: str, event_id: str) -> Event:
        """Return an event as it is now; raises `ApiError` 404."""
        with self._lock:
            event = self._events.get(_key(email, event_id))
        if event is None:
            raise not_found()
        return event

    def poll(self, email: str, event_id: str) -> Event:
        """Return an event as a client's look finds it, which brings a pending conference nearer; raises `ApiError`."""
        with self._lock:
            event = self.get(email, event_id)
            if event.conference is not None and event.conference.pending_polls is not None:
                conference = event.conference.polled()
                settled = conference.status != event.conference.status
                version = event.version + settled
                event = self._keep(replace(event, conference=conference, version=version))
            return event

    def change(self, email: str, event_id: str, if_match: str | None, make: Callable[[Event], Event]) -> Event:
        """Replace an event by what `make` makes of it, under one lock with the look at If-Match.

        Raises `ApiError` 404, 412 when the event is another one than the client has seen, and what `make` raises.
        """
        with self._lock:
            event = self.get(email, event_id)
            if if_match not in {None, "*", event.etag}:
                raise ApiError(412, "conditionNotMet", "Precondition Failed")
            return self._keep(replace(make(event), version=event.version + 1, sequence=event.sequence + 1))

    def listed(self, email: str | None = None, *, deleted: bool = False) -> list[Event]:
        """List events in the order of their starts, of one account if it is named."""
        with self._lock:
            found = [event for event in self._events.values() if email in {None, event.email}]
        kept = [event for event in found if deleted or not event.deleted]
        return sorted(kept, key=lambda event: (event.starts_at, event.id))

    def _keep(self, event: Event) -> Event:
        self._events[_key(event.email, event.id)] = event
        return event


def _key(email: str, event_id: str) -> str:
    return f"{event_id} {email}"


def new_id() -> str:
    """Draw an id for an event whose client gives none: 26 characters of base32hex, as Google's are."""
    return "".join(secrets.choice("0123456789abcdefghijklmnopqrstuv") for _ in range(26))
