"""Sessions in calendars: one event whatever happens on the way, a link for both, and nothing left after a cancel."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from werkzeug.wrappers import Response

from app.calendar.handlers.access import in_calendar_of
from app.calendar.rules import event_id
from app.gateways.google.calendar import Event
from app.gateways.google.errors import MeetPending
from app.kernel.ids import new_id
from tests.sandbox.peers import Peer


def test_a_confirmed_session_stands_once_in_the_mentors_calendar_and_has_a_link(town):
    booked = town.book(town.connected_mentor(), title="Query plans", note="Bring a slow one.")
    town.drain()
    (event,) = town.events(booked.mentor)
    assert booked.link == event["hangoutLink"]
    assert event["summary"] == "Query plans: Lina"
    assert event["description"] == "Bring a slow one."
    assert datetime.fromisoformat(event["start"]["dateTime"]) == datetime.fromisoformat(booked.starts_at)
    assert "attendees" not in event


def test_a_repetition_finds_the_event_of_the_first_try(town):
    booked = town.book(town.connected_mentor())
    town.fault("google_timeout_after_success", on="insert", seconds=0.1)
    town.drain()
    (event,) = town.events(booked.mentor)
    assert booked.link == event["hangoutLink"]


def test_an_answer_without_end_is_cut_off_and_the_event_found_again(town):
    booked = town.book(town.connected_mentor())
    town.fault("google_huge", on="insert", megabytes=2)
    town.drain()
    assert [event["hangoutLink"] for event in town.events(booked.mentor)] == [booked.link]


def test_a_redirect_is_followed_nowhere(town):
    with Peer(lambda _: Response("caught")) as thief:
        booked = town.book(town.connected_mentor())
        town.fault("google_redirect", on="insert", location=f"{thief.url}/calendar")
        town.drain()
    assert (booked.status, booked.link) == ("confirmed", None)
    (alarm,) = town.alarms()
    assert alarm["metadata"]["error"] == "GoogleRefused"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "google_5xx", "status": 500},
        {"kind": "google_5xx", "status": 503},
        {"kind": "google_429"},
        {"kind": "google_403", "reason": "rateLimitExceeded"},
        {"kind": "google_403", "reason": "userRateLimitExceeded"},
        {"kind": "google_403", "reason": "quotaExceeded"},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_what_passes_is_tried_again(town, fault):
    booked = town.book(town.connected_mentor())
    town.fault(**fault, on="insert", count=3)
    town.drain()
    assert len(town.events(booked.mentor)) == 1
    assert booked.link
    used_up = fault.get("reason") == "quotaExceeded"
    assert [alarm["title"] for alarm in town.alarms()] == ["Google's quota is used up"] * used_up


@pytest.mark.parametrize(
    ("fault", "least"),
    [({"kind": "google_429", "seconds": 7_200}, 7_200), ({"kind": "google_403", "reason": "quotaExceeded"}, 3_600)],
)
def test_google_is_left_alone_for_as_long_as_it_asks(town, fault, least):
    town.book(town.connected_mentor())
    town.fault(**fault, on="insert")
    town.drain(hurry=False)
    waiting = "SELECT extract(epoch FROM available_at - now()) FROM delivery WHERE state = 'retry'"
    assert least - 600 < town.scalar(waiting) <= least + 1


def test_a_link_that_is_still_being_made_is_waited_for(town):
    booked = town.book(town.connected_mentor())
    town.fault("google_pending", polls=3)
    town.drain()
    (event,) = town.events(booked.mentor)
    assert booked.link == event["hangoutLink"]
    assert town.alarms() == []


def test_a_link_that_was_not_made_is_asked_for_anew(town):
    booked = town.book(town.connected_mentor())
    town.fault("google_conference_failure", count=2)
    town.drain()
    assert booked.link
    assert len(town.events(booked.mentor)) == 1


def test_the_id_of_a_deleted_event_is_given_up_for_the_next(town):
    booked = town.book(town.connected_mentor())
    made_and_deleted(booked)
    town.drain()
    (live,) = town.events(booked.mentor)
    ids = {event["id"] for event in town.events(booked.mentor, deleted=True)}
    assert ids == {event_id(UUID(booked.id), generation) for generation in (0, 1)}
    assert booked.link == live["hangoutLink"]
    booked.cancel()
    town.drain()
    assert town.events(booked.mentor) == []


def test_a_cancel_finds_the_session_behind_an_id_that_google_has_forgotten(town):
    booked = town.book(town.connected_mentor())
    made_and_deleted(booked)
    town.drain()
    kept = town.sandbox.world.events._events
    (forgotten,) = [key for key, event in kept.items() if event.id == event_id(UUID(booked.id), 0)]
    del kept[forgotten]
    booked.cancel()
    town.drain()
    assert town.events(booked.mentor) == []


def made_and_deleted(booked):
    """Have the event stand there, and its owner delete it, before we have heard of either."""
    own = Event(
        event_id=event_id(UUID(booked.id), 0), session_id=UUID(booked.id), summary="", description="",
        starts_at=datetime.fromisoformat(booked.starts_at),
        ends_at=datetime.fromisoformat(booked.starts_at) + timedelta(hours=1),
    )  # fmt: skip
    with suppress(MeetPending):
        in_calendar_of(booked.mentor.id, lambda calendar: calendar.insert(own))
    in_calendar_of(booked.mentor.id, lambda calendar: calendar.delete(own.event_id))


def test_somebody_elses_event_under_our_id_is_left_alone(town):
    booked = town.book(town.connected_mentor())
    with suppress(MeetPending):
        foreign = Event(
            event_id=event_id(UUID(booked.id), 0), session_id=new_id(), summary="Dentist", description="",
            starts_at=datetime.fromisoformat(booked.starts_at),
            ends_at=datetime.fromisoformat(booked.starts_at) + timedelta(hours=1),
        )  # fmt: skip
        in_calendar_of(booked.mentor.id, lambda calendar: calendar.insert(foreign))
    town.drain()
    assert [event["summary"] for event in town.events(booked.mentor)] == ["Dentist"]
    assert booked.link is None
    assert town.alarms()[0]["metadata"]["error"] == "ForeignEvent"


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_a_cancelled_session_leaves_the_calendar(town):
    booked = town.book(town.connected_mentor())
    town.drain()
    booked.cancel()
    town.drain()
    assert town.events(booked.mentor) == []


def test_a_session_that_is_cancelled_before_it_was_arranged_never_enters_the_calendar(town):
    booked = town.book(town.connected_mentor())
    booked.cancel()
    town.drain()
    assert town.events(booked.mentor, deleted=True) == []
    assert booked.link is None


def test_a_cancel_waits_for_the_creation_that_is_under_way(town, configure):
    configure(RETRY_BASE_SECONDS=60)
    booked = town.book(town.connected_mentor())
    town.fault("google_pending", polls=2)
    town.drain(hurry=False)  # the event is there, its link is not
    assert len(town.events(booked.mentor)) == 1
    booked.cancel()
    town.drain(hurry=False)
    assert len(town.events(booked.mentor)) == 1, "the cancel has overtaken the creation"
    town.drain()
    assert town.events(booked.mentor) == []
    assert booked.link is None


def test_an_event_that_its_owner_has_deleted_already_is_no_trouble(town):
    booked = town.book(town.connected_mentor())
    town.drain()
    in_calendar_of(booked.mentor.id, lambda calendar: calendar.delete(event_id(UUID(booked.id), 0)))
    booked.cancel()
    town.drain()
    assert town.scalar("SELECT count(*) FROM delivery WHERE state <> 'done'") == 0


def test_a_cancel_without_a_calendar_any_more_is_no_trouble(town):
    booked = town.book(town.connected_mentor())
    town.drain()
    town.disconnect(booked.mentor)
    booked.cancel()
    town.drain()
    assert town.scalar("SELECT count(*) FROM delivery WHERE state <> 'done'") == 0


def test_what_was_cancelled_while_google_let_nobody_in_leaves_the_calendar_when_it_is_connected_again(town):
    mentor = town.connected_mentor()
    cancelled, kept = town.book(mentor), town.book(mentor)
    town.drain()
    town.sandbox.world.grants.withdraw(mentor.email)
    town.execute("UPDATE calendar_connection SET access_expires_at = now() WHERE user_id = :id", id=mentor.id)
    cancelled.cancel()
    town.drain()
    assert town.get(mentor, "/calendar")["status"] == "reauth_required"
    assert len(town.events(mentor)) == 2
    town.complete(mentor, **town.consent(mentor))
    town.drain()
    assert [event["hangoutLink"] for event in town.events(mentor)] == [kept.link]


def test_a_cancel_is_tried_until_google_has_heard_it(town):
    booked = town.book(town.connected_mentor())
    town.drain()
    town.fault("google_5xx", on="delete", count=4)
    booked.cancel()
    town.drain()
    assert town.events(booked.mentor) == []


# --- the booking stays confirmed, and the operators are told ---------------------------------------------------------


def test_without_a_calendar_the_session_stands_and_the_operators_are_told_once_for_each_mentor(town):
    mentor = town.mentor()
    first, second = town.book(mentor), town.book(mentor)
    town.drain()
    assert {(booked.status, booked.link) for booked in (first, second)} == {("confirmed", None)}
    (alarm,) = town.alarms(type="integration_failure")
    assert (alarm["severity"], alarm["count"]) == ("warning", 2)
    assert alarm["related"] == {"kind": "booking", "id": second.id}


def test_who_connects_later_gets_links_for_the_sessions_ahead(town):
    mentor = town.mentor()
    booked, cancelled = town.book(mentor), town.book(mentor)
    cancelled.cancel()
    town.drain()
    town.complete(mentor, **town.consent(mentor))
    town.drain()
    (event,) = town.events(mentor)
    assert booked.link == event["hangoutLink"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "google_403", "reason": "insufficientPermissions"}, "GoogleRefused"),
        ({"kind": "google_5xx", "count": None}, "GoogleUnavailable"),
        ({"kind": "google_pending", "polls": 1000}, "MeetPending"),
        ({"kind": "google_conference_failure", "count": None}, "GoogleRefused"),
    ],
    ids=lambda part: part["kind"] if isinstance(part, dict) else None,
)
def test_a_google_that_refuses_or_stays_away_is_an_alarm_with_the_error(town, fault, error):
    booked = town.book(town.connected_mentor())
    town.fault(**fault)
    town.drain()
    assert (booked.status, booked.link) == ("confirmed", None)
    (alarm,) = town.alarms(type="integration_failure", severity="error")
    assert alarm["metadata"]["error"] == error
    assert alarm["metadata"]["task"] == "tasks.booking.arrange_meeting"


def test_what_google_fails_at_alike_is_one_alarm_and_its_dead_letters_can_be_replayed(town):
    mentor = town.connected_mentor()
    town.fault("google_403", reason="insufficientPermissions", count=2)
    booked = [town.book(mentor), town.book(mentor)]
    town.drain()
    (alarm,) = town.alarms()
    assert alarm["count"] == 2
    admin = town.admin()
    for letter in town.get(admin, "/admin/dead-letters")["items"]:
        assert town.post(admin, f"/admin/dead-letters/{letter['id']}/replay", None).status_code == 200
    town.drain()
    assert all(one.link for one in booked)


def test_a_client_that_google_does_not_know_is_told_to_the_operators_and_costs_no_mentor_their_grant(town):
    booked = town.book(town.connected_mentor())
    town.execute("UPDATE calendar_connection SET access_expires_at = now() WHERE user_id = :id", id=booked.mentor.id)
    town.fault("google_invalid_client", on="refresh")
    town.drain()
    assert {(alarm["type"], alarm["severity"]) for alarm in town.alarms()} >= {("integration_failure", "critical")}
    assert town.get(booked.mentor, "/calendar")["status"] == "connected"
    assert booked.status == "confirmed"


def test_people_who_are_not_there_are_critical(town, database):
    booked = town.book(town.connected_mentor())
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE booking DROP CONSTRAINT fk_booking_mentor_id")
        try:
            owner.execute("UPDATE booking SET mentor_id = gen_random_uuid() WHERE id = %s", [booked.id])
            town.drain()
        finally:
            owner.execute("UPDATE booking SET mentor_id = %s WHERE id = %s", [booked.mentor.id, booked.id])
            owner.execute(
                "ALTER TABLE booking ADD CONSTRAINT fk_booking_mentor_id FOREIGN KEY (mentor_id) REFERENCES mentor (id)"
            )
    (alarm,) = town.alarms(severity="critical")
    assert (alarm["type"], alarm["metadata"]["error"]) == ("integration_failure", "MentorDataMissing")
    assert alarm["metadata"]["trace"]
    assert booked.status == "confirmed"
