"""Bookings paid from the wallet, through REST: many mentors at once, and one slot that everybody wants."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from bench.line import Aim, Line, Run
from bench.load import request, send_all
from bench.scene import UNFINISHED, Scene
from bench.timing import Timing
from bench.world import Broken
from tests.factories.identity import MadeUser, token_for

TIMES = 15  # times of the spread part, each booked with all mentors but the last
CROWD = 200

Wish = tuple[MadeUser, int, str]


class Bookings(Line):
    """Slot check, wallet, escrow, events and the stored answer: one request, one transaction."""

    name = "booking paid from the wallet"
    unit = "requests"
    aims = (Aim("spread", "rate", least=150), Aim("one hot slot", "p95", most=250))

    def __init__(self, scene: Scene) -> None:
        """Take the scene."""
        self._scene = scene

    def parts(self, number: int) -> Sequence[tuple[str, Run]]:
        """Choose times that no round before has booked."""
        scene = self._scene
        times = scene.starts[number * TIMES : (number + 1) * TIMES]
        hot = scene.starts[-1 - number]
        mentors = len(scene.offerings) - 1
        spread = [
            (scene.learners[(turn * mentors + mentor) % len(scene.learners)], mentor, time)
            for turn, time in enumerate(times)
            for mentor in range(mentors)
        ]
        crowd = [(learner, mentors, hot) for learner in scene.learners[:CROWD]]
        return (
            ("spread", lambda: self._book(spread, confirmed=len(spread))),
            ("one hot slot", lambda: self._book(crowd, confirmed=1)),
        )

    def settle(self) -> None:
        """Have the mails written."""
        self._scene.world.wait(*UNFINISHED)

    def _book(self, wishes: Sequence[Wish], *, confirmed: int) -> Timing:
        requests = [self._request(*wish) for wish in wishes]
        world = self._scene.world
        before = world.value("SELECT count(*) FROM booking WHERE status = 'confirmed'")
        with world.paused("relay"):
            world.value("UPDATE relay_sleep SET sleeping = false")
            timing = send_all(world.api, requests)
        booked = world.value("SELECT count(*) FROM booking WHERE status = 'confirmed'") - before
        if booked != confirmed or timing.answers != Counter({"201": confirmed, "409": len(wishes) - confirmed}):
            raise Broken(f"{booked} bookings were confirmed, not {confirmed}; answers: {dict(timing.answers)}")
        return timing

    def _request(self, learner: MadeUser, mentor: int, time: str) -> bytes:
        key = f"bench-{learner.id}-{mentor}-{time}"
        body = json.dumps({"offering_id": str(self._scene.offerings[mentor].id), "starts_at": time})
        return request("POST", "/api/v1/bookings", headers=token_for(learner) | {"Idempotency-Key": key}, body=body)
