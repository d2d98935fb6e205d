"""Which events a list asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from sandbox.clock import rfc3339
from sandbox.google.errors import ApiError, invalid
from sandbox.google.events import Event
from sandbox.google.times import read_instant
from sandbox.reading import whole_number

MOST_RESULTS, RESULTS = 2500, 250


@dataclass(frozen=True, slots=True)
class Search:
    """Filters of events.list, and which page: `offset` is what the page token stands for."""

    since: datetime | None
    until: datetime | None
    updated_since: datetime | None
    deleted: bool
    uid: str | None
    words: str
    private: tuple[tuple[str, str], ...]
    offset: int
    size: int

    def cut(self, events: Sequence[Event]) -> tuple[list[Event], str | None]:
        """Return the events of this page, and the token of the next one."""
        found = [event for event in events if self._wants(event)]
        end = self.offset + self.size
        return found[self.offset : end], str(end) if end < len(found) else None

    def _wants(self, event: Event) -> bool:
        fields = event.fields
        properties = fields.get("extendedProperties", {}).get("private", {})
        text = f"{fields.get('summary', '')} {fields.get('description', '')} {fields.get('location', '')}".lower()
        return (
            (self.deleted or not event.deleted)
            and (self.since is None or event.ends_at > self.since)
            and (self.until is None or event.starts_at < self.until)
            and (self.updated_since is None or event.updated >= self.updated_since)
            and self.uid in {None, event.uid}
            and self.words in text
            and all(properties.get(name) == value for name, value in self.private)
        )


def read_search(query: MultiDict[str, str]) -> Search:
    """Read the query of events.list; raises `ApiError`. Tokens of synchronization are not given out here: 410."""
    if "syncToken" in query:
        raise ApiError(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
    if query.get("orderBy") == "startTime" and query.get("singleEvents") != "true":
        raise invalid("The requested ordering is not available for the particular query.")
    since, until = _instant(query, "timeMin"), _instant(query, "timeMax")
    if since is not None and until is not None and until <= since:
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.")
    return Search(
        since=since,
        until=until,
        updated_since=_instant(query, "updatedMin"),
        deleted=query.get("showDeleted") == "true",
        uid=query.get("iCalUID"),
        words=query.get("q", "").lower(),
        private=tuple(_pair(text) for text in query.getlist("privateExtendedProperty")),
        offset=_whole(query, "pageToken", 0),
        size=min(MOST_RESULTS, max(1, _whole(query, "maxResults", RESULTS))),
    )


def newest_change(events: Sequence[Event], now: datetime) -> str:
    """Tell when the calendar was changed last; `now` when it is empty."""
    return rfc3339(max((event.updated for event in events), default=now))


def _instant(query: MultiDict[str, Any], name: str) -> datetime | None:
    return read_instant(query[name], name) if name in query else None


def _whole(query: MultiDict[str, str], name: str, default: int) -> int:
    number = whole_number(query.get(name)) if name in query else default
    if number is None:
        raise invalid(f"Invalid value for: {name}")
    return number


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise invalid("Invalid value for: privateExtendedProperty, propertyName=value")
    return name, value
