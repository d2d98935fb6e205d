"""Many people at once: mentors, learners, what they book, and the clicks with which they pay."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from app.infra.db import session_scope
from tests.e2e.patience import eventually
from tests.e2e.wire import Wire
from tests.factories.identity import MadeUser, make_user
from tests.factories.mentors import make_mentor, make_offering

BOOKINGS_EACH = 2  # below the limit of three unpaid ones

Slot = tuple[str, str]
"""What can be booked: the offering's id, and when it starts."""


@dataclass
class Market:
    """A world with people in it, who come eight at a time; `with` waits for all of them."""

    wire: Wire
    buyers: Iterator[MadeUser] = field(init=False)

    def __enter__(self) -> Self:
        """Open."""
        self._threads = ThreadPoolExecutor(8)
        return self

    def __exit__(self, *_: object) -> None:
        """Send home whoever has not begun, and wait for the others."""
        self._threads.shutdown(cancel_futures=True)

    def open(self, payments: int, mentors: int) -> list[Slot]:
        """Make the people, and return as many slots as payments are wanted."""
        with session_scope() as session:
            offerings = [make_offering(session, make_mentor(session)) for _ in range(mentors)]
            learners = [make_user(session) for _ in range(payments // BOOKINGS_EACH)]
        self.buyers = itertools.cycle(learners)
        begin = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(days=1)  # offered however long it takes
        window = {"from": begin.isoformat(), "to": (begin + timedelta(days=40)).isoformat()}
        slots = []
        for offering in offerings:
            found = self.wire.get(f"/mentors/{offering.mentor_id}/slots", offering_id=str(offering.id), **window)
            slots.append([(str(offering.id), slot["starts_at"]) for slot in found["items"][: payments // mentors + 1]])
        return [slot for offered in zip(*slots, strict=False) for slot in offered][:payments]

    def serve(self, slots: Iterable[Slot]) -> list[Future[None]]:
        """Let the next buyers book these slots, wait for their pay links and pay, while the caller goes on."""
        return [self._threads.submit(self._buy, next(self.buyers), slot) for slot in slots]

    def _buy(self, learner: MadeUser, slot: Slot) -> None:
        body = {"offering_id": slot[0], "starts_at": slot[1]}
        payment = self.wire.post("/bookings", learner, body, key=f"{learner.id}-{slot[1]}")["payment"]["id"]
        link = eventually(lambda: self.wire.get(f"/payments/{payment}", learner)["pay_url"], f"a link for {payment}")
        self.wire.click_pay(link)


def paid_at_the_gateway(wire: Wire) -> dict[str, int]:
    """Return what the gateway took, in minor units, by the attempt that it was asked for."""
    taken: dict[str, int] = {}
    for item in wire.outside("/konnect/payments")["items"]:
        if item["reached_amount"]:
            taken[item["order_id"]] = taken.get(item["order_id"], 0) + item["reached_amount"]
    return taken
