"""Sessions: find a time, book it, get the link to pay by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from demo.caller import Caller
from demo.clock import business_now, rfc3339
from demo.failures import Failed, expect
from demo.wire import Answer

TIMEZONE = "Africa/Tunis"
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Offered:
    """An offering as it can be booked; the price in millimes."""

    id: str
    mentor_id: str
    title: str
    price: int


@dataclass(frozen=True)
class Slot:
    """A free time: as the API writes it, and as people in TIMEZONE do."""

    starts_at: str
    local: datetime

    @property
    def shown(self) -> str:
        """Return it as people say it."""
        return day_and_time(self.local)


@dataclass(frozen=True)
class Booked:
    """A booking, when it takes place, and its first payment; `ends` in TIMEZONE, the price in millimes."""

    id: str
    title: str
    price: int
    starts_at: str
    ends: datetime
    payment_id: str


def free_slots(anybody: Caller, offered: Offered, *, after_days: int = 0) -> list[Slot]:
    """Return the free times of a week that begins so many days from now; raise Failed when there are none."""
    begin = business_now(anybody) + timedelta(days=after_days)
    window = {"from": rfc3339(begin), "to": rfc3339(begin + WEEK)}
    query = {"offering_id": offered.id, "timezone": TIMEZONE, **window}
    found = anybody.get(f"/mentors/{offered.mentor_id}/slots", query)["items"]
    if not found:
        raise Failed(f"{offered.title!r} has no free slot within a week of {window['from']}.")
    return [Slot(one["starts_at"], datetime.fromisoformat(one["starts_at_local"])) for one in found]


def book(learner: Caller, offered: Offered, slot: Slot) -> Booked:
    """Book a slot that must be paid for, and send the same request once more: that must change nothing."""
    key, wanted = secrets.token_hex(8), {"offering_id": offered.id, "starts_at": slot.starts_at}
    booking = learner.post("/bookings", wanted, key=key)
    expect("the new booking", booking["status"], "awaiting_payment")
    expect("the same request under the same key", learner.post("/bookings", wanted, key=key)["id"], booking["id"])
    length = datetime.fromisoformat(booking["ends_at"]) - datetime.fromisoformat(booking["starts_at"])
    return Booked(
        booking["id"], offered.title, offered.price, slot.starts_at, slot.local + length, booking["payment"]["id"]
    )


def pay_link(payer: Caller, payment_id: str) -> str:
    """Return the pay link of a payment as soon as the gateway has given one; raise NotInTime."""
    answer = payer.follow(
        f"/payments/{payment_id}",
        "a pay link from Konnect",
        lambda payment: payment["pay_url"] is not None,
        lambda payment: f"a payment that is {payment['status']}, without a link",
    )
    return str(answer["pay_url"])


def wait_for_capture(payer: Caller, payment_id: str) -> Answer:
    """Return a payment as soon as its money is in our books; raise NotInTime."""
    return payer.wait_for_status(f"/payments/{payment_id}", "captured")


def day_and_time(instant: datetime) -> str:
    """Write an instant as people say it, in its own time zone."""
    return f"{instant:%A} {instant.day} {instant:%B at %H:%M}"
