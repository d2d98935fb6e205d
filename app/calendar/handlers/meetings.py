"""Put sessions into calendars, and take them out again.

Nothing about it is kept here: the ids of events follow from the session's id, so a repetition finds what the first try
made, and whoever cancels knows under which ids to look.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from app.calendar import rules
from app.calendar.errors import CalendarNotConnected
from app.calendar.handlers.access import in_calendar_of
from app.calendar.service import Meeting
from app.gateways.google.calendar import Calendar, Event
from app.gateways.google.errors import GoogleRefused

#: How often an event may be deleted in the calendar while we are inserting it, before we believe it.
GENERATIONS = 3


def arrange(meeting: Meeting) -> str:
    """Put a session into its owner's calendar and return the link under which people meet; may run any number of times.

    Raises CalendarNotConnected, MeetPending while Google makes the link, and the failures of the gateway.
    """
    return in_calendar_of(meeting.owner_id, _insert(meeting))


def cancel(session_id: UUID, owner_id: UUID) -> None:
    """Take a session out of its owner's calendar; one that is not there, or a calendar that is not, is fine."""
    try:
        in_calendar_of(owner_id, _delete(session_id))
    except CalendarNotConnected:
        return


def _insert(meeting: Meeting) -> Callable[[Calendar], str]:
    """Insert the first generation that was not deleted: the id of a deleted event stays taken for ever."""

    def act(calendar: Calendar) -> str:
        for generation in range(GENERATIONS):
            found = calendar.insert(_event(meeting, generation))
            if found.link is not None:
                return found.link
        raise GoogleRefused(f"the event was deleted {GENERATIONS} times while it was being made")

    return act


def _delete(session_id: UUID) -> Callable[[Calendar], None]:
    """Delete every generation: that Google knows nothing of one says nothing of the next (docs/adr/0013)."""

    def act(calendar: Calendar) -> None:
        for generation in range(GENERATIONS):
            calendar.delete(rules.event_id(session_id, generation))

    return act


def _event(meeting: Meeting, generation: int) -> Event:
    return Event(
        event_id=rules.event_id(meeting.session_id, generation),
        session_id=meeting.session_id,
        summary=meeting.summary,
        description=meeting.description,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
    )
