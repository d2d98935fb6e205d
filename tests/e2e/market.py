"""Many people at once: mentors, learners, what they book, and the clicks with which they pay."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


@dataclass
class Market:
    """A world with people in it. `payments` collects (booking id, payment id) of what was booked."""

    world: RunningWorld
    chance: random.Random
    learners: list[MadeUser] = field(default_factory=list)
    booked: list[tuple[MadeUser, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open one client for all: a thread each would cost more than what is tested."""
        self.http = httpx.Client(timeout=30, trust_env=False, limits=httpx.Limits(max_connections=16))

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self.http.close()

    def open(self, payments: int, mentors: int) -> list[tuple[str, str]]:
        """Make the people, and return (offering id, starts_at) for as many slots as payments are wanted."""
        with session_scope() as session:
            offerings = [make_offering(session, make_mentor(session)) for _ in range(mentors)]
            self.learners = [make_user(session) for _ in range(payments // BOOKINGS_EACH)]
        begin = datetime.now(tz=UTC).replace(microsecond=0)
        window = {"from": begin.isoformat(), "to": (begin + timedelta(days=40)).isoformat()}
        slots = []
        for offering in offerings:
            query = {"offering_id": str(offering.id), **window}
            answer = self.get(f"/mentors/{offering.mentor_id}/slots", params=query)
            slots.append([(str(offering.id), slot["starts_at"]) for slot in answer["items"][: payments // mentors + 1]])
        return [slot for offered in zip(*slots, strict=False) for slot in offered][:payments]

    def book_all(self, slots: list[tuple[str, str]]) -> None:
        """Book every slot, each learner some, eight at a time."""
        owners = [learner for _ in range(BOOKINGS_EACH) for learner in self.learners]
        with ThreadPoolExecutor(8) as threads:
            self.booked = list(threads.map(self._book, owners, slots))

    def pay_all(self) -> None:
        """Wait for each pay link and click, eight at a time; a link that got lost is asked for anew."""
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(self._pay, self.booked))

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

    def _book(self, learner: MadeUser, slot: tuple[str, str]) -> tuple[MadeUser, str, str]:
        body = {"offering_id": slot[0], "starts_at": slot[1]}
        headers = token_for(learner) | {"Idempotency-Key": f"{learner.id}-{slot[1]}"}
        answer = self.http.post(f"{self.world.api}/bookings", json=body, headers=headers)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        booking = answer.json()
        return learner, booking["id"], booking["payment"]["id"]

    def _pay(self, booked: tuple[MadeUser, str, str]) -> None:
        learner, _, payment_id = booked
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
