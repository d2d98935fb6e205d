"""Whatever people, the gateway and the clock do in whatever order: once all is quiet, every millime is explained.

Each seed is a story of its own; only webhooks come when they come.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.factories.identity import MadeUser
from tests.payments.world import World

STEPS = 40
PRICES = (0, 7, 30_000, 45_001)
ILLS = (
    {"fault": "error_500"},
    {"fault": "error_500_after_success"},
    {"fault": "not_json"},
    {"fault": "rate_limited"},
    {"fault": "duplicate_webhooks", "copies": 3, "seconds": 0.01},
    {"fault": "webhook_before_create_answer"},
    {"fault": "late_payment"},
)


class Story:
    """A few people, what they have begun, and a die."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.die = world, random.Random(seed)
        self.people = [world.person() for _ in range(3)]
        self.offers = [world.offer(price=price) for price in PRICES]
        self.bookings: list[tuple[MadeUser, str]] = []
        self.told: list[str] = []  # what happened, for whoever reads a failure

    def step(self) -> None:
        acts = (
            self.top_up,
            self.book,
            self.book,
            self.pay,
            self.pay,
            self.pay,
            self.cancel,
            self.ask_again,
            self.fall_ill,
        )
        act = self.die.choice((*acts, self.wait, self.work))
        self.told.append(f"{act.__name__} {act()}")
        if self.die.random() < 0.6:
            self.world.drain()

    def top_up(self) -> object:
        return self.world.top_up(self.die.choice(self.people), self.die.choice((1, 5_000, 40_000)))

    def book(self) -> object:
        person, offer = self.die.choice(self.people), self.die.choice(self.offers)
        body = {"offering_id": str(offer.id), "starts_at": self.die.choice(offer.starts[2:6])}
        made = self.world.post(person, "/bookings", body)
        assert made.status_code in (201, 409), made.text
        if made.status_code == 201:
            self.bookings.append((person, made.json["id"]))
        return made.json.get("code") or made.json["status"]

    def pay(self) -> object:
        """Pay one of the gateway's payments, also such as nobody has seen, in part or whole, in time or late.

        Sometimes no webhook tells of it; but the one of a link that nobody has seen always comes: without it, nothing
        could ever tell us of that payment, for Konnect cannot be asked by our own id.
        """
        items: list[dict[str, Any]] = self.world.gateway.get("/konnect/payments").json()["items"]
        if not items:
            return "nothing"
        item = self.die.choice(items)
        if self.world.attempt(item["order_id"]).payment_ref and self.die.random() < 0.3:
            self.world.gateway.order("no_webhook", payment_ref=item["payment_ref"])
        query = {"late": "1"} if self.die.random() < 0.3 else {}
        if self.die.random() < 0.3:
            query["partial"] = str(max(1, item["amount"] // 3))
        link = f"{self.world.gateway.sandbox.url}/konnect/pay?payment_ref={item['payment_ref']}"
        return self.world.gateway.click(link, **query).status_code

    def cancel(self) -> object:
        if not self.bookings:
            return "nothing"
        person, booking_id = self.die.choice(self.bookings)
        answer = self.world.cancel(person, booking_id)
        assert answer.status_code in (200, 409), answer.text
        return answer.status_code

    def ask_again(self) -> object:
        if not self.bookings:
            return "nothing"
        person, booking_id = self.die.choice(self.bookings)
        answer = self.world.post(person, f"/bookings/{booking_id}/payments")
        assert answer.status_code in (201, 409), answer.text
        return answer.status_code

    def fall_ill(self) -> object:
        ill: dict[str, Any] = dict(self.die.choice(ILLS))
        self.world.gateway.order(ill.pop("fault"), **ill)
        return ill

    def wait(self) -> object:
        seconds = self.die.choice((4, 30, 300, 900))
        self.world.advance_without_workers(seconds=seconds)
        return seconds

    def work(self) -> object:
        self.world.advance(seconds=1)
        return "done"

    def end(self) -> None:
        """Let the gateway be well, the last webhook come, and all time run out that anything waits for."""
        self.world.end_faults()
        for _ in range(3):
            self.world.advance(seconds=1_000)
        self.world.advance(seconds=90_000)
        self.world.gateway.sandbox.world.webhooks.stop()
        self.world.advance(seconds=90_000)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_millime_is_explained_in_the_end(world: World, seed: int) -> None:
    story = Story(world, seed)
    for number in range(STEPS):
        story.step()
        if number % 5 == 0:
            world.check_books()
    story.end()
    print("\n".join(story.told))

    world.check_books()
    world.check_gateway()
    assert world.scalar("SELECT count(*) FROM payment WHERE status IN ('initiating', 'awaiting_payer')") == 0
    assert world.scalar("SELECT count(*) FROM ledger.hold WHERE state = 'active'") == 0
    assert world.scalar("SELECT count(*) FROM booking WHERE status = 'awaiting_payment'") == 0
    assert world.scalar("SELECT count(*) FROM delivery WHERE state NOT IN ('done', 'published')") == 0
