"""What a mentor is told of a payout: once of each thing that happened to the money, in the inbox and by mail."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.infra import outbox
from app.infra.db import session_scope
from app.payouts.events import PayoutReturned
from tests.factories.identity import MadeUser
from tests.payouts.test_resolving import WHY, conflicted, resolve
from tests.payouts.test_returning import expired
from tests.payouts.world import PayoutWorld


def mails(world: PayoutWorld, mentor: MadeUser) -> list[dict[str, Any]]:
    """Return the mails of a mentor, the oldest first."""
    return list(reversed(world.gateway.get("/mailbox", to=mentor.email).json()["items"]))


def told(world: PayoutWorld, mentor: MadeUser) -> list[str]:
    """Return the kinds of what a mentor was told, the oldest first, once it is seen that each came by mail too."""
    messages = list(reversed(world.get(mentor, "/notifications")["items"]))
    for message, mail in zip(messages, mails(world, mentor), strict=True):
        assert mail["subject"] == f"{message['title']}: 45.000 TND"
        assert message["message"] in mail["text"]
        assert message["related"]["kind"] == "payout"
    return [message["type"] for message in messages]


def test_a_mentor_is_told_that_the_money_came_and_of_no_step_before(world: PayoutWorld) -> None:
    mentor = world.earner()
    payout_id = world.requested(mentor)
    link = world.approved(payout_id)
    assert told(world, mentor) == []
    world.gateway.order("duplicate_webhooks", copies=3, seconds=0)
    world.pay(link, pings=4)

    assert told(world, mentor) == ["payout_paid"]
    (mail,) = mails(world, mentor)
    assert "45.000 TND was paid to your Konnect wallet." in mail["text"]
    assert f"Wallet: {world.shown(payout_id)['destination']['konnect_wallet_id']}" in mail["text"]


def test_a_mentor_is_told_why_a_payout_was_rejected_and_where_the_money_is(world: PayoutWorld) -> None:
    mentor = world.earner()
    world.reject(world.clerk(), world.requested(mentor), reason="Write <us> first.")
    world.drain()
    assert told(world, mentor) == ["payout_rejected"]
    (mail,) = mails(world, mentor)
    assert "Your payout of 45.000 TND was rejected. The money is back in your earnings." in mail["text"]
    assert "Write <us> first." in mail["text"]
    assert "Write &lt;us&gt; first." in mail["html"]
    (message,) = world.get(mentor, "/notifications")["items"]
    assert "Write" not in message["message"], "what people wrote stands in the mail alone"


def test_a_mentor_who_took_a_payout_back_knows_it(world: PayoutWorld) -> None:
    mentor = world.earner()
    world.take_back(mentor, world.requested(mentor))
    world.drain()
    assert told(world, mentor) == []


def test_a_mentor_is_told_that_it_takes_longer_and_then_that_the_money_came(world: PayoutWorld) -> None:
    mentor, _, link = expired(world)
    assert told(world, mentor) == ["payout_returned"]
    assert "you need do nothing" in mails(world, mentor)[0]["text"]
    world.pay(link, late="1")
    assert told(world, mentor) == ["payout_returned", "payout_paid"]


def test_a_delay_that_is_over_before_it_is_told_is_not_told(world: PayoutWorld) -> None:
    mentor, payout_id, _ = expired(world)
    with session_scope() as session:
        outbox.record(session, PayoutReturned(payout_id=UUID(payout_id)))
    world.take_back(mentor, payout_id)
    world.drain()
    assert told(world, mentor) == ["payout_returned"], "of the first alone"


@pytest.mark.parametrize(
    ("left", "words"),
    [(45_000, "We have taken it from your earnings."), (0, "You owe us 45.000 TND.")],
)
def test_a_mentor_is_told_of_money_that_came_for_a_closed_payout(world: PayoutWorld, left: int, words: str) -> None:
    mentor, payout_id, link = expired(world)
    world.take_back(mentor, payout_id)
    if not left:
        world.requested(mentor)  # the earnings are on their way out again
    world.pay(link, late="1")
    world.drain()
    assert told(world, mentor) == ["payout_returned", "payout_charged"]
    text = mails(world, mentor)[-1]["text"]
    assert "45.000 TND reached your Konnect wallet for a payout that you had cancelled." in text
    assert words in text


def test_a_mentor_is_told_what_a_person_found_out(world: PayoutWorld) -> None:
    mentor, payout_id = conflicted(world, told=46_000)
    assert told(world, mentor) == [], "nobody knows yet what to say"
    resolve(world, world.clerk(), payout_id, 46_000)
    world.drain()
    assert told(world, mentor) == ["payout_resolved"]
    text = mails(world, mentor)[0]["text"]
    assert "what was too much was taken from them. You owe us 1.000 TND." in text
    assert WHY in text
