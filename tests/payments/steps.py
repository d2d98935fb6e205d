"""Single steps of the flow, for tests that stand between them: a capture nobody has heard of, a worker that died."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.infra.clock import business_now
from app.infra.db import session_scope
from app.infra.outbox import publish
from app.infra.outbox.claim import claim
from app.payments import handlers, queries, service
from tests.factories.identity import MadeUser
from tests.factories.payments import snapshot
from tests.patience import eventually
from tests.payments.world import World
from tests.sandbox.peers import ref_of


def capture_unheard(world: World, booking: dict[str, Any]) -> None:
    """Settle a booking's paid attempt without running what follows."""
    payment_id = booking["payment"]["id"]
    link = world.link(payment_id)
    world.gateway.order("no_webhook")
    world.click(link, pings=0)
    settle(payment_id, payment_ref=ref_of(link))


def settle(payment_id: str, *, is_last: bool = False, **told: Any) -> None:
    """Settle an attempt by what a gateway tells of it at this moment: all is well unless `told` otherwise."""
    with session_scope() as session:
        payment = queries.find_payment(session, UUID(payment_id))
        assert payment is not None
        had_expired = business_now(session) >= payment.expires_at
        asked = {"order_id": payment_id, "amount": payment.asked.minor, "reached": payment.asked.minor}
        known = {"payment_ref": payment.payment_ref} | asked
        found = snapshot(**(known | told))
        service.settle(session, UUID(payment_id), found, had_expired=had_expired, is_last=is_last)


def book_with_two_links(world: World) -> tuple[MadeUser, dict[str, Any], str, str]:
    """Book for 45 TND, have the gateway's answer to the create call lost, and ask for another link.

    Return the payer, the booking, the link that nobody has seen, and the id of the attempt whose link is shown.
    """
    payer = world.person()
    booking = world.book(payer, world.offer(price=45_000))
    lost = booking["payment"]["id"]
    world.gateway.order("error_500_after_success", order_id=lost)
    world.drain()
    (orphan,) = world.gateway.get("/konnect/payments", order_id=lost).json()["items"]
    second = world.post(payer, f"/bookings/{booking['id']}/payments").json["id"]
    world.link(second)
    return payer, booking, f"{world.gateway.sandbox.url}/konnect/pay?payment_ref={orphan['payment_ref']}", second


def die_in_the_create_call(payment_id: str) -> None:
    """Do what a worker does until its call is answered, and nothing after that."""
    with session_scope() as session:
        (outgoing,) = publish.take_due(session)
    with session_scope() as session:
        assert claim(session, outgoing.id, "doomed") is not None
    with session_scope() as session:
        request = service.prepare_checkout(session, UUID(payment_id))
    assert request is not None
    handlers.ask_for_link(request)


def rescue() -> None:
    """Let the lease of a dead worker run out, and its work be sent again."""
    with session_scope() as session:
        session.execute(text("UPDATE delivery SET lease_until = now() - interval '1 second' WHERE state = 'running'"))
    with session_scope() as session:
        publish.rescue(session)


@contextmanager
def while_the_gateway_is_asked(world: World) -> Iterator[None]:
    """Let a worker ask for a pay link; the answer comes when the block ends."""
    delay = world.gateway.order("delay", seconds=3600, on="create")
    with ThreadPoolExecutor(1) as worker:
        asked = worker.submit(world.drain)
        eventually(
            lambda: any(item["hits"] for item in world.gateway.get("/faults").json()["items"] if item["id"] == delay)
        )
        yield
        world.gateway.http.delete(f"{world.gateway.sandbox.url}/faults/{delay}")
        asked.result()
