"""The people of the bench: mentors with hours, learners with money, each signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.choreography import REACTIONS
from app.infra import outbox
from app.infra.db import session_scope
from app.mentors.service import OfferingView
from bench.world import World
from tests.factories.booking import ALWAYS, give_money
from tests.factories.identity import MadeUser, make_user
from tests.factories.mentors import make_mentor, make_offering

MENTORS, LEARNERS = 41, 200  # the last mentor is the one whom everybody wants
MONEY = 10**9


@dataclass(frozen=True)
class Scene:
    """The world and its people. `starts`: when sessions can begin, the same for every mentor."""

    world: World
    offerings: list[OfferingView]
    learners: list[MadeUser]
    starts: list[str]


def set_scene(world: World) -> Scene:
    """Make the people, and wait until the work that follows from it is done."""
    outbox.install(REACTIONS)
    with session_scope() as session:
        mentors = [make_mentor(session, timezone="UTC", rules=ALWAYS) for _ in range(MENTORS)]
        offerings = [make_offering(session, mentor) for mentor in mentors]
        learners = [make_user(session) for _ in range(LEARNERS)]
    for learner in learners:
        with session_scope() as session:
            give_money(session, learner, MONEY)
    world.wait(*UNFINISHED)
    return Scene(world, offerings, learners, _starts(world, offerings[0]))


# By its two indexes: asked often, over the whole table it would cost more than what is measured.
UNFINISHED = (
    "deliveries are unfinished",
    """
    SELECT (SELECT count(*) FROM delivery WHERE state IN ('pending', 'retry'))
        + (SELECT count(*) FROM delivery WHERE state IN ('published', 'running'))
    """,
)


def _starts(world: World, offering: OfferingView) -> list[str]:
    begin = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(hours=3)
    window = {"from": begin.isoformat(), "to": (begin + timedelta(days=30)).isoformat()}
    found: dict[str, Any] = httpx.get(
        f"{world.api}/api/v1/mentors/{offering.mentor_id}/slots",
        params={"offering_id": str(offering.id), **window},
        trust_env=False,
        timeout=300,
    ).json()
    return [slot["starts_at"] for slot in found["items"]]
