"""Invitations for calendars (iCalendar, RFC 5545; iTIP, RFC 5546; iMIP, RFC 6047).

The UID is the session's for life, and that of the event in the mentor's Google calendar, so the two are one entry.
SEQUENCE rises with every change; DTSTAMP is when the mail is written; METHOD stands in the object and in the MIME type.
We invite, each person alone: nobody learns the other's address.
"""

from __future__ import annotations

from datetime import UTC
from email.utils import parseaddr

from icalendar import Calendar, Event, vCalAddress

from app.booking.models import Booking
from app.calendar.service import invitation_uid
from app.gateways.mail import Attachment
from app.identity.service import Person
from app.infra.config import settings
from app.kernel.clock import wall_now

PRODUCT = "-//Amana//Sessions//EN"


def invitation(booking: Booking, reader: Person, other: Person) -> Attachment:
    """Return the invitation to a session that takes place, as it stands now."""
    return _attachment("REQUEST", "CONFIRMED", booking, reader, other)


def withdrawal(booking: Booking, reader: Person, other: Person) -> Attachment:
    """Return what takes the session out of its reader's calendar."""
    return _attachment("CANCEL", "CANCELLED", booking, reader, other)


def _attachment(method: str, status: str, booking: Booking, reader: Person, other: Person) -> Attachment:
    calendar = Calendar()
    for name, value in (("prodid", PRODUCT), ("version", "2.0"), ("method", method)):
        calendar.add(name, value)
    calendar.add_component(_event(status, booking, reader, other))
    parameters = {"method": method, "charset": "utf-8"}
    return Attachment("invite.ics", "text/calendar", calendar.to_ical(), parameters)


def _event(status: str, booking: Booking, reader: Person, other: Person) -> Event:
    event = Event()
    fields = {
        "uid": invitation_uid(booking.id),
        "sequence": booking.sequence,
        "dtstamp": wall_now(),
        "dtstart": booking.starts_at.astimezone(UTC),
        "dtend": booking.ends_at.astimezone(UTC),
        "summary": f"{booking.title}: {other.name}",
        "status": status,
        "organizer": _organizer(),
        "attendee": _attendee(reader),
    }
    for name, value in fields.items():
        event.add(name, value)
    if booking.meeting_url:
        event.add("location", booking.meeting_url)
        event.add("url", booking.meeting_url)
    return event


def _organizer() -> vCalAddress:
    """Return who invites: the sender of the mail, or mail programs show no buttons."""
    name, address = parseaddr(settings().mail_from)
    organizer = vCalAddress(f"mailto:{address}")
    if name:
        organizer.params["CN"] = name
    return organizer


def _attendee(reader: Person) -> vCalAddress:
    attendee = vCalAddress(f"mailto:{reader.email}")
    attendee.params.update({"CN": reader.name, "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    return attendee
