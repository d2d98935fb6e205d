"""Sessions in calendars: one event whatever happens on the way, a link for both, and nothing left after a cancel."""

from __future__ import annotations

from datetime import datetime

LINK = "https://meet.google.com/"


def test_a_confirmed_session_stands_once_in_the_mentors_calendar_and_has_a_link(town):
    booked = town.book(town.connected_mentor(), title="Query plans", note="Bring a slow one.")
    town.drain()
    (event,) = town.events(booked.mentor)
    assert booked.link == event["hangoutLink"]
    assert event["summary"] == "Query plans: Lina"
    assert event["description"] == "Bring a slow one."
    assert datetime.fromisoformat(event["start"]["dateTime"]) == datetime.fromisoformat(booked.starts_at)
    assert "attendees" not in event
