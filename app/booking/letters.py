"""The mails of booking, each in its reader's time zone."""

from __future__ import annotations

from app.booking.invitations import invitation, withdrawal
from app.booking.models import Booking
from app.booking.states import BookingState
from app.gateways.letters import write
from app.gateways.mail import Mail
from app.identity.service import Person
from app.kernel.zones import zone

#: Why a session will not take place, as its learner and its mentor read it.
ENDINGS = {
    BookingState.CANCELLED: ("Session cancelled", "was cancelled. Money that was paid for it is back in the wallet."),
    BookingState.EXPIRED: ("Session not paid in time", "was not paid in time, so its slot is free again."),
    BookingState.PAID_LATE: (
        "Your payment came late",
        "was paid after its time, and the slot is gone. The money is in the wallet: book another slot with it.",
    ),
}


def confirmation(booking: Booking, reader: Person, other: Person) -> Mail:
    """Tell one of the two that the session will take place."""
    paragraphs = [f"your session with {other.name} is confirmed: {_what(booking, reader)}."]
    if booking.meeting_url:
        paragraphs += ["You meet here:", booking.meeting_url]
    name = f"confirmed-{booking.id}-{reader.id}"
    attached = [invitation(booking, reader, other)]
    return write(reader.email, reader.name, f"Confirmed: {booking.title}", paragraphs, name=name, attachments=attached)


def meeting_link(booking: Booking, reader: Person, other: Person) -> Mail:
    """Tell one of the two where they meet."""
    paragraphs = [
        f"your session with {other.name} ({_what(booking, reader)}) takes place here:",
        booking.meeting_url or "",
    ]
    name = f"meeting-{booking.id}-{booking.sequence}-{reader.id}"
    attached = [invitation(booking, reader, other)]
    return write(
        reader.email, reader.name, f"Where you meet: {booking.title}", paragraphs, name=name, attachments=attached
    )


def ending(booking: Booking, reader: Person, other: Person) -> Mail:
    """Tell one of the two that the session will not take place, and why."""
    subject, what = ENDINGS[BookingState(booking.status)]
    paragraphs = [f"your session with {other.name} ({_what(booking, reader)}) {what}"]
    if booking.reason:
        paragraphs.append(f"The reason given: {booking.reason}")
    name = f"{booking.status}-{booking.id}-{reader.id}"
    # Only what was invited to can be withdrawn.
    attached = [withdrawal(booking, reader, other)] if booking.invited_sequence is not None else []
    return write(reader.email, reader.name, f"{subject}: {booking.title}", paragraphs, name=name, attachments=attached)


def release(booking: Booking, reader: Person, other: Person) -> Mail:
    """Tell the mentor that the money of a session is theirs."""
    paragraphs = [
        f"your session with {other.name} ({_what(booking, reader)}) is closed.",
        "What it earned, less the platform's fee, is in your wallet.",
    ]
    name = f"released-{booking.id}-{reader.id}"
    return write(reader.email, reader.name, f"Paid: {booking.title}", paragraphs, name=name)


def _what(booking: Booking, reader: Person) -> str:
    begins = booking.starts_at.astimezone(zone(reader.timezone))
    return f"{booking.title}, {begins:%A %d %B %Y at %H:%M} ({reader.timezone}), {booking.duration_minutes} minutes"
