"""Races, with real connections: whoever comes first, every booking has one end and every millime one place."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask

from app.gateways.psp.base import PaymentStatus
from app.infra.db import session_scope
from app.payments import service
from app.payments.errors import PaymentStillOpen
from tasks import maintenance
from tests.conftest import forget_connections
from tests.factories.identity import MadeUser, token_for
from tests.patience import PATIENCE_SECONDS
from tests.payments.steps import book_with_two_links, settle
from tests.payments.world import API, World
from tests.sandbox.peers import ref_of

LINK = 15 * 60
FAR = 15
"""A slot more than a day ahead, so that a session paid for can still be cancelled."""


@pytest.fixture(autouse=True)
def no_deadlock(owner: psycopg.Connection) -> Iterator[None]:
    """Locks are taken in one order, so Postgres never has to kill anybody to free the others."""
    yield
    forget_connections()  # a server process reports its deadlocks when it ends, if not before
    found = owner.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert found == (0,)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls at the same moment, each in a thread of its own; what they return, what they raise is raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(run, call) for call in calls]]


def paid_bookings(world: World, count: int, *, first_slot: int = 0) -> list[tuple[MadeUser, dict[str, Any]]]:
    """Return bookings of one mentor whose links are paid at the gateway, though nobody here knows yet."""
    offer, found = world.offer(price=45_000), []
    for slot in range(first_slot, first_slot + count):
        payer = world.person()
        booking = world.book(payer, offer, slot)
        world.gateway.order("no_webhook", order_id=booking["payment"]["id"])
        world.click(world.link(booking["payment"]["id"]), pings=0)
        found.append((payer, booking))
    return found


def statuses(world: World, bookings: list[tuple[MadeUser, dict[str, Any]]]) -> Counter[str]:
    return Counter(world.booking(payer, booking["id"])["status"] for payer, booking in bookings)


def capture(booking: dict[str, Any]) -> Callable[[], None]:
    return lambda: settle(booking["payment"]["id"])


def test_one_capture_settled_by_eight_threads_is_posted_once(world: World) -> None:
    ((payer, booking),) = paid_bookings(world, 1)
    at_once(*[capture(booking)] * 8)
    assert (world.events("PaymentCaptured"), world.wallet(payer)) == (1, (0, 45_000, 0))
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    world.check_books()


def test_capture_against_expiry(world: World) -> None:
    """Either the capture is seen by the sweep, or the booking expires and is taken up again: nobody loses a slot."""
    bookings = paid_bookings(world, 6)
    world.advance_without_workers(seconds=LINK)
    at_once(*(capture(booking) for _, booking in bookings), maintenance.expire_bookings, maintenance.expire_bookings)
    world.check_books()
    world.drain()
    assert statuses(world, bookings) == {"confirmed": 6}
    world.check_books()


def test_capture_against_cancel(world: World, flask_app: Flask) -> None:
    """Whoever is first, the booking is cancelled and all its money is in the wallet."""
    bookings = paid_bookings(world, 6, first_slot=FAR)

    def cancel(payer: MadeUser, booking: dict[str, Any]) -> Callable[[], int]:
        headers = token_for(payer) | {"Idempotency-Key": "cancel"}
        target = f"{API}/bookings/{booking['id']}/cancel"
        return lambda: flask_app.test_client().post(target, json={"reason": "no"}, headers=headers).status_code

    captures = [capture(booking) for _, booking in bookings]
    cancels = [cancel(payer, booking) for payer, booking in bookings]
    answers = at_once(*itertools.chain(*zip(captures, cancels, strict=True)))
    assert Counter(answers) == {None: 6, 200: 6}
    world.check_books()
    world.drain()
    assert statuses(world, bookings) == {"cancelled": 6}
    assert [world.wallet(payer) for payer, _ in bookings] == [(45_000, 0, 0)] * 6
    world.check_books()


def test_a_part_and_the_whole_are_settled_at_the_same_moment(world: World) -> None:
    for _ in range(4):
        payer = world.person()
        payment_id = world.top_up(payer, 45_000)
        world.link(payment_id)
        part = partial(settle, payment_id, status=PaymentStatus.PENDING, reached=10_000)
        at_once(*[part, partial(settle, payment_id)] * 3)
        assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_the_end_of_an_attempt_against_its_capture(world: World) -> None:
    bookings = paid_bookings(world, 4)
    for payer, booking in bookings:
        assert world.cancel(payer, booking["id"]).status_code == 200

    def end(booking: dict[str, Any]) -> None:
        with session_scope() as session:
            service.cancel_attempts(session, UUID(booking["order"]["id"]))

    at_once(*(act for _, booking in bookings for act in (capture(booking), partial(end, booking))))
    assert [world.wallet(payer) for payer, _ in bookings] == [(45_000, 0, 0)] * 4
    world.check_books()


def test_both_attempts_of_an_order_are_paid_at_the_same_moment(world: World) -> None:
    payer, booking, unseen, second = book_with_two_links(world)
    at_once(lambda: settle(booking["payment"]["id"], payment_ref=ref_of(unseen)), lambda: settle(second))
    world.drain()
    assert world.booking(payer, booking["id"])["status"] == "confirmed"
    assert world.wallet(payer) == (45_000, 0, 0)
    world.check_books()


def test_several_bookings_and_one_balance(world: World, flask_app: Flask) -> None:
    payer = world.rich_person(45_000)
    offers = [world.offer(price=45_000) for _ in range(3)]

    def book(number: int) -> Callable[[], str]:
        headers = token_for(payer) | {"Idempotency-Key": f"book-{number}"}
        body = {"offering_id": str(offers[number].id), "starts_at": offers[number].starts[number]}
        return lambda: flask_app.test_client().post(f"{API}/bookings", json=body, headers=headers).json["status"]

    assert Counter(at_once(*map(book, range(3)))) == {"confirmed": 1, "awaiting_payment": 2}
    assert world.wallet(payer) == (0, 0, 0)
    world.check_books()


def test_the_same_key_twenty_times_at_once_opens_one_top_up(world: World, flask_app: Flask) -> None:
    payer = world.person()
    headers = token_for(payer) | {"Idempotency-Key": "twenty"}
    body = {"amount": {"amount": 45_000, "currency": "TND"}}

    def ask() -> tuple[int, str]:
        answer = flask_app.test_client().post(f"{API}/wallet/top-ups", json=body, headers=headers)
        return answer.status_code, answer.json.get("id") or answer.json["code"]

    answers = Counter(at_once(*[ask] * 20))
    made = {found for status, found in answers if status == 201}
    assert len(made) == 1
    assert set(answers) - {(201, *made)} <= {(409, "idempotency_in_progress")}
    assert ask() == (201, *made), "afterwards the answer is told again"
    assert world.scalar("SELECT count(*) FROM payment") == 1
    world.drain()
    assert len(world.gateway.get("/konnect/payments").json()["items"]) == 1


def test_a_new_link_is_opened_once(world: World) -> None:
    payer = world.person()
    booking = world.book(payer, world.offer())
    world.gateway.order("error_500", on="create")
    world.drain()
    order_id = UUID(booking["order"]["id"])

    def open_one() -> str:
        try:
            with session_scope() as session:
                service.open_payment(session, order_id)
        except PaymentStillOpen as refusal:
            return refusal.code
        return "opened"

    assert Counter(at_once(*[open_one] * 8)) == {"opened": 1, "payment_still_open": 7}
    world.check_books()


def test_top_ups_and_bookings_of_one_wallet(world: World, flask_app: Flask) -> None:
    """Money comes into a wallet from three sides while it is being spent: nothing is lost, nothing is doubled."""
    payer = world.rich_person(20_000)
    tops = [world.top_up(payer, 10_000) for _ in range(3)]
    world.drain()
    offer = world.offer(price=30_000)
    headers = token_for(payer)

    def book() -> Any:
        body = {"offering_id": str(offer.id), "starts_at": offer.starts[0]}
        keyed = headers | {"Idempotency-Key": "book"}
        return flask_app.test_client().post(f"{API}/bookings", json=body, headers=keyed).json

    *_, booking = at_once(*(lambda one=one: settle(one) for one in tops), book)
    available, held, _ = world.wallet(payer)
    paid = 30_000 if booking["status"] == "confirmed" else booking["order"]["from_wallet"]["amount"]
    assert (available, held) == (50_000 - paid, 0 if booking["status"] == "confirmed" else paid)
    world.check_books()
