"""Bookings paid from the wallet, through REST: many mentors at once, and one slot that everybody wants."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

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

    def parts(self, number: int) -> Iterator[tuple[str, Run]]:
        """Choose times that no round before has booked, and see afterwards how many were."""
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
        for part, wishes, confirmed in (("spread", spread, len(spread)), ("one hot slot", crowd, 1)):
            expected = Counter({"201": confirmed, "409": len(wishes) - confirmed})
            requests = [self._request(*wish) for wish in wishes]
            with self._confirming(confirmed):
                yield part, partial(self._send, requests, expected)

    def settle(self) -> None:
        """Have the mails written."""
        self._scene.world.wait(*UNFINISHED)

    @contextmanager
    def _confirming(self, confirmed: int) -> Iterator[None]:
        """See that so many bookings are confirmed meanwhile."""
        world = self._scene.world
        before = world.value("SELECT count(*) FROM booking WHERE status = 'confirmed'")
        with world.without_relay():
            yield
        booked = world.value("SELECT count(*) FROM booking WHERE status = 'confirmed'") - before
        if booked != confirmed:
            raise Broken(f"{booked} bookings were confirmed, not {confirmed}")

    def _send(self, requests: Sequence[bytes], expected: Counter[str]) -> Timing:
        timing = send_all(self._scene.world.api, requests)
        if timing.answers != expected:
            raise Broken(f"bookings were answered {dict(timing.answers)}, not {dict(expected)}")
        return timing

    def _request(self, learner: MadeUser, mentor: int, time: str) -> bytes:
        key = f"bench-{learner.id}-{mentor}-{time}"
        body = json.dumps({"offering_id": str(self._scene.offerings[mentor].id), "starts_at": time})
        return request("POST", "/api/v1/bookings", headers=token_for(learner) | {"Idempotency-Key": key}, body=body)
