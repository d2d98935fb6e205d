"""Many people at once: mentors, learners, what they book, and the clicks with which they pay."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from app.infra.db import session_scope
from tests.e2e.running import RunningWorld
from tests.factories.identity import MadeUser, make_user, token_for
from tests.factories.mentors import make_mentor, make_offering

PATIENCE_SECONDS = 180
BOOKINGS_EACH = 2  # below the limit of three unpaid ones

Slot = tuple[str, str]
"""What can be booked: the offering's id, and when it starts."""


@dataclass
class Market:
    """A world with people in it, who come eight at a time; `with` waits for all of them."""

    world: RunningWorld
    buyers: Iterator[MadeUser] = field(init=False)

    def __enter__(self) -> Self:
        """Open one client for all: a thread each would cost more than what is tested."""
        self.http = httpx.Client(timeout=30, trust_env=False, limits=httpx.Limits(max_connections=16))
        self._threads = ThreadPoolExecutor(8)
        return self

    def __exit__(self, *_: object) -> None:
        """Send home whoever has not begun, and wait for the others."""
        self._threads.shutdown(cancel_futures=True)
        self.http.close()

    def open(self, payments: int, mentors: int) -> list[Slot]:
        """Make the people, and return as many slots as payments are wanted."""
        with session_scope() as session:
            offerings = [make_offering(session, make_mentor(session)) for _ in range(mentors)]
            learners = [make_user(session) for _ in range(payments // BOOKINGS_EACH)]
        self.buyers = itertools.cycle(learners)
        begin = datetime.now(tz=UTC).replace(microsecond=0)
        window = {"from": begin.isoformat(), "to": (begin + timedelta(days=40)).isoformat()}
        slots = []
        for offering in offerings:
            query = {"offering_id": str(offering.id), **window}
            answer = self.get(f"/mentors/{offering.mentor_id}/slots", params=query)
            slots.append([(str(offering.id), slot["starts_at"]) for slot in answer["items"][: payments // mentors + 1]])
        return [slot for offered in zip(*slots, strict=False) for slot in offered][:payments]

    def serve(self, slots: Iterable[Slot]) -> list[Future[None]]:
        """Let the next buyers book these slots, wait for their pay links and pay, while the caller goes on."""
        return [self._threads.submit(self._buy, next(self.buyers), slot) for slot in slots]

    def get(self, path: str, who: MadeUser | None = None, **options: Any) -> Any:
        """Return the answer to a GET, which must succeed."""
        answer = self.http.get(self.world.api + path, headers=token_for(who) if who else {}, **options)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def order_fault(self, **fault: Any) -> None:
        """Order a fault at the sandbox."""
        answer = self.http.post(f"{self.world.facts['sandbox']}/faults", json=fault)
        assert answer.status_code == httpx.codes.CREATED, answer.text

    def completed_at_the_gateway(self) -> dict[str, int]:
        """Return what the gateway was paid, by the payment's id here, in minor units."""
        items = self.http.get(f"{self.world.facts['sandbox']}/konnect/payments").json()["items"]
        return {item["order_id"]: item["amount"] for item in items if item["status"] == "completed"}

    def _buy(self, learner: MadeUser, slot: Slot) -> None:
        body = {"offering_id": slot[0], "starts_at": slot[1]}
        headers = token_for(learner) | {"Idempotency-Key": f"{learner.id}-{slot[1]}"}
        answer = self.http.post(f"{self.world.api}/bookings", json=body, headers=headers)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        self._pay(learner, answer.json()["payment"]["id"])

    def _pay(self, learner: MadeUser, payment_id: str) -> None:
        link = eventually(lambda: self.get(f"/payments/{payment_id}", learner)["pay_url"], f"a link for {payment_id}")
        path, _, query = str(link).partition("?")
        paid = self.http.post(f"{path}/pay?{query}", headers={"Accept": "application/json"})
        assert paid.status_code == httpx.codes.OK, paid.text


def eventually(look: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Return the first truthy look; fail with what was awaited."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")
