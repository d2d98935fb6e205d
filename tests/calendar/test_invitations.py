"""What mails bring for calendars: one UID for life, SEQUENCE that rises, METHOD as the MIME type has it, UTC."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest


def event_of(calendar):
    (event,) = calendar.walk("VEVENT")
    return event


def shown(calendar):
    event = event_of(calendar)
    return str(calendar["METHOD"]), str(event["STATUS"]), int(event["SEQUENCE"])


@pytest.fixture
def booked(town):
    """Return a session whose people have got the confirmation, and then the link."""
    return town.book(town.connected_mentor(), title="Query plans; indexes, locks")


def test_the_confirmation_invites_both_and_the_link_follows_as_a_change(town, booked):
    town.drain()
    for person, other in ((booked.learner, booked.mentor), (booked.mentor, booked.learner)):
        subjects = [mail["subject"].partition(":")[0] for mail in town.mails(person)]
        invitations = booked.invitations(person)
        assert len(subjects) == len(invitations)
        assert subjects[0] == "Confirmed"
        assert [shown(invitation)[2] for invitation in invitations] == list(range(2 - len(invitations), 2))
        assert shown(invitations[-1])[:2] == ("REQUEST", "CONFIRMED")
        latest = event_of(invitations[-1])
        assert latest["URL"] == latest["LOCATION"] == booked.link
        assert other.name in latest["SUMMARY"]
        assert any(booked.link in mail["text"] for mail in town.mails(person))


def test_a_link_that_came_before_the_confirmation_is_mailed_with_it_alone(town, booked):
    town.execute("UPDATE delivery SET available_at = now() + interval '1 hour' WHERE queue = 'notifications'")
    town.drain(hurry=False)
    assert booked.link
    assert town.mails(booked.learner) == []
    town.drain()
    (mail,) = town.mails(booked.learner)
    assert booked.link in mail["text"]
    assert [shown(invitation) for invitation in booked.invitations(booked.learner)] == [("REQUEST", "CONFIRMED", 1)]


def test_a_link_that_comes_later_is_mailed_to_both(town):
    mentor = town.mentor()
    booked = town.book(mentor)
    town.drain()
    town.complete(mentor, **town.consent(mentor))
    town.drain()
    for person in (mentor, booked.learner):
        first, second = town.mails(person)
        assert booked.link not in first["text"]
        assert second["subject"] == "Where you meet: One hour"
        assert booked.link in second["text"]
        assert [shown(invitation)[2] for invitation in booked.invitations(person)] == [0, 1]


def test_a_link_that_comes_between_two_tries_of_the_confirmation_is_mailed_to_whom_the_first_reached(
    town, booked, configure
):
    configure(RETRY_BASE_SECONDS=60)
    town.execute("UPDATE delivery SET available_at = now() + interval '1 hour' WHERE queue = 'calendar'")
    town.fault("smtp_450", to=booked.mentor.email)
    town.drain(hurry=False)
    assert (len(town.mails(booked.learner)), town.mails(booked.mentor)) == (1, [])
    town.execute("UPDATE delivery SET available_at = now() WHERE queue = 'calendar'")
    town.drain(hurry=False)
    assert booked.link
    town.drain()
    for person in (booked.learner, booked.mentor):
        assert [mail["subject"].partition(":")[0] for mail in town.mails(person)] == ["Confirmed", "Where you meet"]
        assert booked.link in town.mails(person)[-1]["text"]
    assert [shown(invitation)[2] for invitation in booked.invitations(booked.learner)] == [0, 1]


def test_the_uid_is_the_events_own_and_stays_to_the_end(town, booked):
    town.drain()
    (event,) = town.events(booked.mentor)
    booked.cancel()
    town.drain()
    uids = {
        str(event_of(invitation)["UID"])
        for person in (booked.mentor, booked.learner)
        for invitation in booked.invitations(person)
    }
    assert uids == {event["iCalUID"]}


def test_a_cancel_withdraws_the_invitation_under_a_higher_sequence(town, booked):
    town.drain()
    booked.cancel()
    town.drain()
    for person in (booked.mentor, booked.learner):
        *before, last = [shown(invitation) for invitation in booked.invitations(person)]
        assert last[:2] == ("CANCEL", "CANCELLED")
        assert last[2] > max(sequence for _, _, sequence in before)


def test_a_withdrawal_waits_for_the_invitation_that_is_under_way(town, booked, configure):
    configure(RETRY_BASE_SECONDS=60)
    town.fault("smtp_450", to=booked.learner.email)
    town.drain(hurry=False)
    booked.cancel()
    town.drain(hurry=False)
    assert town.mails(booked.learner) == [], "the withdrawal has overtaken the invitation"
    town.drain()
    assert [shown(invitation)[0] for invitation in booked.invitations(booked.learner)] == ["CANCEL"]


def test_nothing_is_withdrawn_that_nobody_was_invited_to(town, booked):
    booked.cancel()
    town.drain()
    (mail,) = town.mails(booked.learner)
    assert mail["subject"].startswith("Session cancelled")
    assert mail["attachments"] == []


def test_times_are_utc_and_the_method_stands_in_the_mime_type(town, booked):
    town.drain()
    booked.cancel()
    town.drain()
    for mail in town.mails(booked.learner):
        (file,) = mail["attachments"]
        text = base64.b64decode(file["content_base64"]).decode()
        method = "CANCEL" if "METHOD:CANCEL\r\n" in text else "REQUEST"
        assert file["filename"] == "invite.ics"
        assert file["content_type"].startswith("text/calendar")
        assert f"METHOD:{method}\r\n" in text
        starts = datetime.fromisoformat(booked.starts_at)
        assert f"DTSTART:{starts:%Y%m%dT%H%M%S}Z\r\n" in text
        assert f"DTEND:{starts + timedelta(hours=1):%Y%m%dT%H%M%S}Z\r\n" in text
        assert "VTIMEZONE" not in text
        assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    dtstamp = event_of(booked.invitations(booked.learner)[0])["DTSTAMP"].dt
    assert abs(dtstamp - datetime.now(tz=UTC)) < timedelta(hours=1)


def test_each_is_invited_alone_and_by_us(town, booked):
    town.drain()
    for person, other in ((booked.learner, booked.mentor), (booked.mentor, booked.learner)):
        invitation = booked.invitations(person)[0]
        assert str(event_of(invitation)["ATTENDEE"]) == f"mailto:{person.email}"
        assert str(event_of(invitation)["ORGANIZER"]) == "mailto:no-reply@amana.example"
        assert other.email.encode() not in invitation.to_ical()
