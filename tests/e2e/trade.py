"""A trade of many days: sessions booked and paid in every way, cancelled, missed, held; mentors paid what they earned.

Each person's story goes on until it has come to its end, whatever breaks meanwhile, and notes what that end must be.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Self

from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.kernel.money import Money
from app.mentors.service import OfferingView
from tests.e2e.patience import eventually
from tests.e2e.wire import Wire
from tests.factories.identity import MadeUser, make_user
from tests.factories.mentors import make_mentor, make_offering

PRICE, PART = 45_000, 20_000  #: millimes
MENTORS = 4
#: From now to the sessions of a day: beyond the notice that a learner has to give.
AHEAD = timedelta(hours=30)
#: From day to day: all sessions of the last one are over, and their time for problems too.
DAY = timedelta(days=5)

Story = Callable[[MadeUser, OfferingView, str], None]


class Trade:
    """People, their stories, and `ends`: how each booking must have ended. `with` waits for everybody."""

    def __init__(self, wire: Wire, chance: random.Random) -> None:
        """Nobody is there yet."""
        self.ends: dict[str, str] = {}
        self._wire, self._chance = wire, chance
        self._missed: list[str] = []  # pay links that nobody has used …
        self._too_late: list[str] = []  # … and those of the day before
        self._stories: tuple[Story, ...] = (
            *[self._pay_at_the_gateway] * 2, *[self._pay_from_the_wallet] * 2, *[self._pay_from_both] * 2,
            self._drop, self._regret, self._regret_as_mentor, self._miss,
        )  # fmt: skip

    def __enter__(self) -> Self:
        """Open."""
        self._threads = ThreadPoolExecutor(12)
        return self

    def __exit__(self, *_: object) -> None:
        """Send home whoever has not begun, and wait for the others."""
        self._threads.shutdown(cancel_futures=True)

    def open(self, learners: int) -> None:
        """Make mentors who can be paid, learners, and somebody who decides."""
        with session_scope() as session:
            self._mentors = [make_mentor(session) for _ in range(MENTORS)]
            self._offerings = [make_offering(session, one, price=Money(PRICE, "TND")) for one in self._mentors]
            self._learners = iter([make_user(session) for _ in range(learners)])
            self.office = make_user(session, roles=("admin",))
        for mentor in self._mentors:
            self._wire.put("/payouts/destination", mentor, {"konnect_wallet_id": mentor.id.hex[-24:]})

    def begin_day(self) -> None:
        """Move the clock: what was booked is held and released, who did not pay is too late. Then all begins anew."""
        moved = self._wire.post("/sandbox/clock", body={"advance_seconds": int(DAY.total_seconds())})
        now = datetime.fromisoformat(moved["now"])
        self._wire.await_date(now)
        self._too_late, self._missed = self._missed, []
        self._slots = self._find_slots(now)
        self._wire.order_fault("duplicate_webhooks", count=8, copies=2, seconds=1)
        self._wire.order_fault("webhook_before_create_answer", count=3)

    def send_buyers(self) -> list[Future[None]]:
        """Let one person begin each story, in any order."""
        stories = self._chance.sample(self._stories, len(self._stories))
        return [self._threads.submit(story, next(self._learners), *next(self._slots)) for story in stories]

    def send_earners(self) -> list[Future[None]]:
        """Let those who missed their time to pay do so now, and each mentor ask for what was earned."""
        laggards = [self._threads.submit(self._wire.click_pay, link, late=True) for link in self._too_late]
        return laggards + [self._threads.submit(self._pay_out, mentor) for mentor in self._mentors]

    @property
    def buyers_sent(self) -> int:
        """How many learners one call of `send_buyers` takes."""
        return len(self._stories)

    def _find_slots(self, now: datetime) -> Iterator[tuple[OfferingView, str]]:
        window = {"from": (now + AHEAD).isoformat(), "to": (now + AHEAD + timedelta(days=2)).isoformat()}
        for offering in self._offerings:
            path = f"/mentors/{offering.mentor_id}/slots"
            for slot in self._wire.get(path, offering_id=str(offering.id), **window)["items"]:
                yield offering, slot["starts_at"]

    def _pay_at_the_gateway(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        booking = self._book(learner, offering, starts_at, "closed")
        self._pay(learner, booking)

    def _pay_from_the_wallet(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        self._top_up(learner, PRICE)
        booking = self._book(learner, offering, starts_at, "closed")
        assert self._see(learner, booking)["status"] == "confirmed"

    def _pay_from_both(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        self._top_up(learner, PART)
        booking = self._book(learner, offering, starts_at, "closed")
        self._pay(learner, booking)

    def _drop(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        booking = self._book(learner, offering, starts_at, "cancelled")
        self._cancel(learner, booking)

    def _regret(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        booking = self._book(learner, offering, starts_at, "cancelled")
        self._pay(learner, booking)
        self._cancel(learner, booking)

    def _regret_as_mentor(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        booking = self._book(learner, offering, starts_at, "cancelled")
        self._pay(learner, booking)
        self._cancel(next(one for one in self._mentors if one.id == offering.mentor_id), booking)

    def _miss(self, learner: MadeUser, offering: OfferingView, starts_at: str) -> None:
        booking = self._book(learner, offering, starts_at, "paid_late")
        link = eventually(lambda: self._link(learner, booking), f"a link for {booking}")
        self._missed.append(link)

    def _pay_out(self, mentor: MadeUser) -> None:
        """Ask for all that was earned, and have the office approve and pay it, as often as it takes."""
        earned = self._wire.get("/wallet", mentor)["balances"][0]["withdrawable"]["amount"]
        if not earned:
            return
        amount = {"amount": earned, "currency": "TND"}
        payout = self._wire.post("/payouts", mentor, {"amount": amount}, key=str(new_id()))["id"]
        eventually(lambda: self._decide(payout), f"the payout {payout} paid")

    def _decide(self, payout_id: str) -> bool:
        payout = self._wire.get(f"/admin/payouts/{payout_id}", self.office)
        if payout["status"] in ("pending", "unknown"):
            self._wire.try_post(f"/admin/payouts/{payout_id}/approve", self.office, {})
        elif payout["pay_url"]:
            self._wire.click_pay(payout["pay_url"])
        return bool(payout["status"] == "paid")

    def _book(self, learner: MadeUser, offering: OfferingView, starts_at: str, end: str) -> str:
        body = {"offering_id": str(offering.id), "starts_at": starts_at}
        booking = str(self._wire.post("/bookings", learner, body, key=f"book-{starts_at}")["id"])
        self.ends[booking] = end
        return booking

    def _see(self, who: MadeUser, booking: str) -> Any:
        return self._wire.get(f"/bookings/{booking}", who)

    def _pay(self, learner: MadeUser, booking: str) -> None:
        """Click as soon as there is a link, and see the booking confirmed."""

        def confirmed() -> bool:
            link = self._link(learner, booking)
            if link:
                self._wire.click_pay(link)
            return bool(self._see(learner, booking)["status"] == "confirmed")

        eventually(confirmed, f"{booking} confirmed")

    def _link(self, learner: MadeUser, booking: str) -> str | None:
        """Return the pay link; where the gateway's answer was lost, ask for another one."""
        payment = self._see(learner, booking)["payment"]
        if payment["status"] == "unknown":
            self._wire.try_post(f"/bookings/{booking}/payments", learner, None, key=f"again-{payment['id']}")
        return payment["pay_url"] if payment["status"] == "awaiting_payer" else None

    def _cancel(self, who: MadeUser, booking: str) -> None:
        self._wire.post(f"/bookings/{booking}/cancel", who, {"reason": "Something came up."}, key=f"cancel-{booking}")

    def _top_up(self, learner: MadeUser, millimes: int) -> None:
        """Bring money into the wallet; a top-up whose link got lost is given up for another one."""

        def topped_up() -> bool:
            payment = self._wire.get(f"/payments/{payments[-1]}", learner)
            if payment["status"] == "unknown":
                payments.append(self._open_top_up(learner, millimes, after=payments[-1]))
            elif payment["pay_url"]:
                self._wire.click_pay(payment["pay_url"])
            return bool(payment["status"] == "captured")

        payments = [self._open_top_up(learner, millimes)]
        eventually(topped_up, f"{payments} captured")

    def _open_top_up(self, learner: MadeUser, millimes: int, after: str = "") -> str:
        amount = {"amount": millimes, "currency": "TND"}
        return str(self._wire.post("/wallet/top-ups", learner, {"amount": amount}, key=f"top-up-{after}")["id"])
