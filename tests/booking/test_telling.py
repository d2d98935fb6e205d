"""News arrive once, whatever the mail server does: in the inbox at once, and by mail in three tries."""

from __future__ import annotations

from typing import Any

import httpx
import psycopg
import pytest

from tests.booking.test_news import inbox, subjects
from tests.booking.world import World
from tests.factories.identity import MadeUser

STATE = "SELECT state, attempts FROM delivery WHERE task = 'tasks.booking.send_confirmation'"


@pytest.fixture
def refuse(world: World) -> Any:
    """Return a function that has the mail server refuse somebody; the server is kind again when the test is over."""
    yield lambda user, kind, **fields: _order(world, {"fault": kind, "to": user.email, **fields})
    httpx.delete(f"{world.outside.url}/faults", trust_env=False).raise_for_status()


def _order(world: World, fault: dict[str, Any]) -> None:
    httpx.post(f"{world.outside.url}/faults", json=fault, trust_env=False).raise_for_status()


@pytest.fixture
def pair(world: World) -> tuple[MadeUser, MadeUser]:
    """A learner and a mentor: the learner's mail is sent first."""
    return world.person(money=45_000), world.mentor()


def book(world: World, learner: MadeUser, mentor: MadeUser) -> None:
    world.booked(learner, world.offer(mentor))
    world.drain()


def test_a_mail_that_is_refused_for_now_is_sent_again_and_no_other_with_it(
    world: World, owner: psycopg.Connection, pair: Any, refuse: Any
) -> None:
    learner, mentor = pair
    refuse(learner, "smtp_450", count=2)
    book(world, learner, mentor)
    assert owner.execute(STATE).fetchone() == ("done", 3)
    for reader in pair:
        assert subjects(world, reader) == ["Confirmed: One hour"], "one mail each, whoever was tried again"
        assert len(inbox(world, reader)) == 1


def test_an_address_that_does_not_exist_keeps_nobody_else_from_the_news(
    world: World, owner: psycopg.Connection, pair: Any, refuse: Any
) -> None:
    learner, mentor = pair
    refuse(learner, "smtp_550")
    book(world, learner, mentor)
    assert subjects(world, mentor) == ["Confirmed: One hour"]
    assert len(inbox(world, learner)) == 1, "who has no mail has it in the inbox"
    assert owner.execute(STATE).fetchone() == ("dead", 1)


def test_one_that_may_be_tried_again_goes_before_one_that_may_not(
    world: World, owner: psycopg.Connection, pair: Any, refuse: Any
) -> None:
    learner, mentor = pair
    refuse(learner, "smtp_550", count=3)
    refuse(mentor, "smtp_450")
    book(world, learner, mentor)
    assert subjects(world, mentor) == ["Confirmed: One hour"]
    assert owner.execute(STATE).fetchone() == ("dead", 2)


def test_after_three_tries_it_is_a_dead_letter_whose_replay_sends_what_is_missing(
    world: World, owner: psycopg.Connection, pair: Any, refuse: Any
) -> None:
    learner, mentor = pair
    refuse(mentor, "smtp_450", count=3)
    book(world, learner, mentor)
    assert owner.execute(STATE).fetchone() == ("dead", 3)
    assert (subjects(world, learner), subjects(world, mentor)) == (["Confirmed: One hour"], [])

    admin = world.person("admin")
    (letter,) = world.get(admin, "/admin/dead-letters")["items"]
    assert world.post(admin, f"/admin/dead-letters/{letter['id']}/replay").status_code < 300
    world.drain()

    for reader in pair:
        assert subjects(world, reader) == ["Confirmed: One hour"]
        assert len(inbox(world, reader)) == 1
