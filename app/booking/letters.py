"""What the two people of a booking are told, each in their own time zone and of their own side of it.

The first sentence says what happened, when it is about, and where the money is; whoever is in a hurry may stop there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.booking.invitations import invitation, withdrawal
from app.booking.models import Booking
from app.booking.states import BookingState
from app.gateways.letters import Block, Facts, Link
from app.gateways.mail import Attachment
from app.identity.service import Person
from app.infra.config import settings
from app.kernel.money import Money
from app.kernel.zones import zone
from app.notifications.service import News

#: What is told: its type in the inbox, and its title there and in the mail's subject.
TITLES = {
    "booking_confirmed": "Confirmed",
    "meeting_arranged": "Where you meet",
    "booking_cancelled": "Session cancelled",
    "booking_expired": "Session not paid in time",
    "payment_came_late": "Your payment came late",
    "booking_completed": "Session held",
    "booking_disputed": "Problem reported",
    "dispute_decided": "Problem decided",
    "earnings_released": "Paid",
}

#: What to do with money that came and found nothing to pay for.
_IN_WALLET = "The money is in your wallet: book another session with it."

_UNPAID = "You owe nothing; whatever you had paid of it is in your wallet."


@dataclass(frozen=True)
class Side:
    """A booking as one of its two people sees it. `earned`: what its mentor gets of the price, our fee taken off."""

    booking: Booking
    reader: Person
    other: Person
    earned: Money

    @property
    def is_learner(self) -> bool:
        """Tell whose side it is."""
        return self.reader.id == self.booking.learner_id

    @property
    def session(self) -> str:
        """Return what the message calls it: nobody's name, and the time that its reader lives in."""
        return f"your session on {self.local(self.booking.starts_at)}"

    def local(self, instant: datetime) -> str:
        """Return an instant as its reader's clock shows it."""
        shown = instant.astimezone(zone(self.reader.timezone))
        return f"{shown:%A} {shown.day} {shown:%B %Y at %H:%M} ({self.reader.timezone})"


def confirmation(side: Side) -> News:
    """Tell that the session will take place."""
    booking = side.booking
    body: list[Block] = [{**_facts(side), **(_costs(side) if side.is_learner else _earns(side))}]
    if booking.meeting_url is None:
        body.append("Where you meet comes in a mail of its own, as soon as there is a link.")
    body += _until_when_to_cancel(side) if side.is_learner else _note(side)
    told = f"{_begin(side.session)} is confirmed."
    return _news(side, "booking_confirmed", told, *body, _to_booking(side), attached=[_invited(side)])


def meeting_link(side: Side) -> News:
    """Tell where people meet."""
    told = f"The link for {side.session} is ready."
    return _news(side, "meeting_arranged", told, _facts(side), _to_booking(side), attached=[_invited(side)])


def cancellation(side: Side, *, was_confirmed: bool) -> News:
    """Tell that the session will not take place, by whom, why, and where the money is."""
    told = f"{_cancelled_by(side)} {_money_of_cancelled(side, was_confirmed=was_confirmed)}".strip()
    onward = [_to_mentor(side)] if side.is_learner else []
    return _news(side, "booking_cancelled", told, _facts(side), *_reason(side), *onward, attached=_withdrawn(side))


def expiry(side: Side) -> News:
    """Tell the learner that the slot is gone because it was not paid for."""
    told = f"{_begin(side.session)} was not paid in time, and its slot is free again. {_UNPAID}"
    hope = (
        "Have you paid just now? When the money arrives, the session is yours if its time is still free; if not, the"
        " money is in your wallet."
    )
    return _news(side, "booking_expired", told, _facts(side), hope, _to_mentor(side))


def late_payment(side: Side, amount: Money) -> News:
    """Tell the learner of money that came and that this booking has no use for."""
    why = {
        BookingState.PAID_LATE: f"{amount} came too late for {side.session}: its slot is gone.",
        BookingState.CANCELLED: f"{amount} came for {side.session}, which was cancelled.",
    }
    told = why.get(BookingState(side.booking.status), f"{amount} came for {side.session}, which was paid already.")
    return _news(side, "payment_came_late", f"{told} {_IN_WALLET}", _facts(side), _to_mentor(side))


def completion(side: Side) -> News:
    """Tell the learner until when a problem can be reported."""
    until = side.local(side.booking.ends_at + timedelta(hours=settings().escrow_window_hours))
    told = f"{_begin(side.session)} is over. Was something wrong? Report it by {until}."
    all_well = f"If all was well, you need do nothing: then the money goes to {side.other.name}."
    report = Link(_booking_url(side), "Report a problem")
    return _news(side, "booking_completed", told, _facts(side), all_well, report)


def dispute(side: Side) -> News:
    """Tell that a problem was reported, and that nothing moves until it is decided."""
    reported = "We have your report about" if side.is_learner else "The learner reported a problem with"
    frozen = f" {side.booking.price} stays where it is until then." if side.booking.price else ""
    told = f"{reported} {side.session}. We look into it, and write to you when it is decided.{frozen}"
    return _news(side, "booking_disputed", told, _facts(side), *_reason(side, "The report"))


def decision(side: Side) -> News:
    """Tell how a reported problem was decided: the money was released to the mentor, or returned to the learner."""
    told = f"We have looked into the problem with {side.session}. {_money_of_decided(side)}".strip()
    return _news(side, "dispute_decided", told, _facts(side), *_reason(side), attached=_withdrawn(side))


def release(side: Side) -> News:
    """Tell the mentor that the money of a session is theirs."""
    told = f"{side.earned} for {side.session} is in your wallet."
    price = side.booking.price
    facts = {**_facts(side), "Price": str(price), "Our fee": str(price - side.earned), "You earned": str(side.earned)}
    return _news(side, "earnings_released", told, facts, _to_payouts())


# --- sentences -------------------------------------------------------------------------------------------------------


def _cancelled_by(side: Side) -> str:
    if side.booking.cancelled_by == side.reader.id:
        return f"You cancelled {side.session}."
    return f"{_begin(side.session)} was cancelled by the {'mentor' if side.is_learner else 'learner'}."


def _money_of_cancelled(side: Side, *, was_confirmed: bool) -> str:
    price = side.booking.price
    if not price:
        return ""
    if not was_confirmed:
        return _UNPAID
    return f"{price} is back in your wallet." if side.is_learner else f"{price} went back to the learner."


def _money_of_decided(side: Side) -> str:
    price, returned = side.booking.price, side.booking.status == BookingState.CANCELLED
    if not price:
        return ""
    if side.is_learner:
        return f"{price} is back in your wallet." if returned else "The money went to the mentor."
    return f"{price} went back to the learner." if returned else f"{side.earned} is in your wallet."


def _until_when_to_cancel(side: Side) -> list[Block]:
    until = side.booking.starts_at - timedelta(hours=settings().cancel_notice_hours)
    if until <= side.booking.created_at:
        return ["It is so soon that it cannot be cancelled any more."]
    refund = ", and get all of it back" if side.booking.price else ""
    return [f"You may cancel it until {side.local(until)}{refund}."]


def _note(side: Side) -> list[Block]:
    return [f"A word from {side.other.name}:\n{side.booking.note}"] if side.booking.note else []


def _reason(side: Side, what: str = "The reason given") -> list[Block]:
    return [f"{what}: {side.booking.reason}"] if side.booking.reason else []


def _begin(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


# --- facts, links, files ---------------------------------------------------------------------------------------------


def _facts(side: Side) -> Facts:
    booking = side.booking
    where = {"Where": Link(booking.meeting_url)} if booking.meeting_url and booking.status in _TAKES_PLACE else {}
    return {"What": f"{booking.title}, {booking.duration_minutes} minutes", "With": side.other.name, **where}


_TAKES_PLACE = frozenset({BookingState.CONFIRMED})


def _costs(side: Side) -> Facts:
    return {"Price": str(side.booking.price) if side.booking.price else "free"}


def _earns(side: Side) -> Facts:
    window = settings().escrow_window_hours
    return {"You earn": f"{side.earned}, {window} hours after its end"} if side.booking.price else {}


def _to_booking(side: Side) -> Link:
    return Link(_booking_url(side), "Look at it, or cancel it")


def _booking_url(side: Side) -> str:
    return f"{settings().frontend_url}/bookings/{side.booking.id}"


def _to_mentor(side: Side) -> Link:
    return Link(f"{settings().frontend_url}/mentors/{side.booking.mentor_id}", "Choose another time")


def _to_payouts() -> Link:
    return Link(f"{settings().frontend_url}/payouts", "Have it paid out")


def _invited(side: Side) -> Attachment:
    return invitation(side.booking, side.reader, side.other)


def _withdrawn(side: Side) -> list[Attachment]:
    """Return what takes the session out of a calendar, where it was to be put into one and does not take place."""
    is_off = side.booking.status == BookingState.CANCELLED and side.booking.invited_sequence is not None
    return [withdrawal(side.booking, side.reader, side.other)] if is_off else []


def _news(side: Side, kind: str, message: str, *body: Block, attached: Sequence[Attachment] = ()) -> News:
    return News(
        reader=side.reader, type=kind, title=TITLES[kind], message=message, about=side.booking.title, body=body,
        attachments=attached, related_kind="booking", related_id=side.booking.id,
    )  # fmt: skip
