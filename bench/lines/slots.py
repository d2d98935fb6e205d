"""The page that everybody opens first: a month of slots of a mentor who has 200 bookings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from app.booking import service as booking
from app.infra.db import session_scope
from app.kernel.money import Money
from bench.line import Aim, Line, Run
from bench.load import request, send_all
from bench.scene import UNFINISHED, Scene
from bench.timing import Timing
from bench.world import Broken
from tests.factories.booking import ALWAYS
from tests.factories.mentors import make_mentor, make_offering

BOOKED, ASKED = 200, 200


class Slots(Line):
    """One request after the other, as the aim is about one; and eight at once."""

    name = "a month of slots, 200 of them booked"
    unit = "requests"
    aims = (Aim("one at a time", "p95", most=50),)

    def __init__(self, scene: Scene) -> None:
        """Take the scene; the mentor's own bookings are free of charge, and made once."""
        self._scene = scene
        self._path = ""

    def parts(self, number: int) -> Sequence[tuple[str, Run]]:
        """Make the mentor in the first round."""
        self._path = self._path or self._prepare()
        return (("one at a time", lambda: self._ask(1)), ("eight at once", lambda: self._ask(8)))

    def settle(self) -> None:
        """Have the mails of these bookings written."""
        self._scene.world.wait(*UNFINISHED)

    def _prepare(self) -> str:
        with session_scope() as session:
            mentor = make_mentor(session, timezone="UTC", rules=ALWAYS)
            offering = make_offering(session, mentor, price=Money(0, "TND"))
        begin = datetime.now(tz=UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=3)
        for n in range(BOOKED):
            with session_scope() as session:
                learner = self._scene.learners[n % len(self._scene.learners)]
                booking.book(session, learner.id, offering.id, begin + timedelta(days=31) - timedelta(hours=3 * n), "")
        self.settle()
        window = {"from": begin.isoformat(), "to": (begin + timedelta(days=31)).isoformat()}
        query = urlencode({"offering_id": str(offering.id), "timezone": "Africa/Tunis", **window})
        return f"/api/v1/mentors/{mentor.id}/slots?{query}"

    def _ask(self, connections: int) -> Timing:
        timing = send_all(self._scene.world.api, [request("GET", self._path)] * ASKED, connections)
        if set(timing.answers) != {"200"}:
            raise Broken(f"slots were answered {dict(timing.answers)}")
        return timing
