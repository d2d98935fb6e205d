"""A webhook may never come: links are looked at by the clock, all that are due, each once, and not for ever."""

from __future__ import annotations

from app.infra.db import session_scope
from app.payouts import service
from app.payouts.service.polls import BATCH
from tasks import maintenance
from tests.factories.payments import tnd
from tests.payouts.world import RETURN_SECONDS, PayoutWorld


def test_polls_of_a_gateway_that_cannot_be_asked_do_not_pile_up(world: PayoutWorld) -> None:
    """Each is tried a few times, and left to the next one: nobody need decide about any of them."""
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    world.gateway.order("error_500", on="fetch", count=None)
    for _ in range(12):
        world.advance(seconds=300)
    assert world.events("PayoutPollDue") == 12
    assert world.scalar("SELECT max(attempts) FROM delivery WHERE task = 'tasks.payouts.settle'") == 3
    assert world.scalar("SELECT count(*) FROM delivery WHERE state <> 'done' AND task = 'tasks.payouts.settle'") == 0


def test_nobody_is_sent_to_look_where_somebody_is_on_the_way(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    for _ in range(12):
        world.advance_without_workers(seconds=300)
        maintenance.poll_payouts()
    assert world.events("PayoutPollDue") == 1
    world.drain()
    maintenance.poll_payouts()
    assert world.events("PayoutPollDue") == 2


def test_one_sweep_has_all_looked_at_that_are_due(world: PayoutWorld) -> None:
    mentor, clerk = world.earner(), world.clerk()
    with session_scope() as session:
        for _ in range(2 * BATCH + 1):
            service.approve(session, clerk.id, service.request_payout(session, mentor.id, tnd(1)))
    world.advance_without_workers(seconds=RETURN_SECONDS)
    maintenance.poll_payouts()
    assert world.events("PayoutPollDue") == 2 * BATCH + 1


def test_polls_of_an_ended_link_stop_after_a_day(world: PayoutWorld) -> None:
    payout_id = world.requested(world.earner())
    world.approved(payout_id)
    world.let_expire()
    world.advance(seconds=86_400)
    world.advance(seconds=600)
    assert world.attempts(payout_id)[0].next_poll_at is None
