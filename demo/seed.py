"""Fill a running world with people to play with: `python -m demo.seed`. Through the API only; again changes nothing.

Three mentors with offerings and weekly hours, and a learner with money in the wallet.
"""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from demo import people
from demo.caller import Caller
from demo.dinars import in_dinars
from demo.failures import Failed, Unexpected
from demo.offers import WORKDAYS, Hours, Offering, open_on, weekly_hours
from demo.outside import Outside
from demo.people import Account
from demo.sessions import pay_link, wait_for_capture
from demo.waiting import Patience
from demo.wire import Answer
from demo.world import World, read_world, shown

PATIENCE_SECONDS = 180.0

#: Everybody's; these people live on this machine only.
PASSWORD = "a word among friends"  # noqa: S105 - printed for whoever plays with the world
POCKET_MONEY = 250_000  #: millimes

DAYTIME = open_on(*WORKDAYS, spans=[("09:00", "12:00"), ("14:00", "18:00")])
EVENINGS = open_on("tuesday", "thursday", spans=[("18:00", "22:00")])
SATURDAYS = open_on("saturday", spans=[("10:00", "16:00")])


@dataclass(frozen=True)
class Mentor:
    """Somebody to book."""

    account: Account
    headline: str
    bio: str
    skills: list[str]
    hours: Hours
    offerings: list[Offering] = field(default_factory=list)

    @property
    def profile(self) -> dict[str, Any]:
        """Return what is said of them, as the API takes it."""
        return {"headline": self.headline, "bio": self.bio, "skills": self.skills}


def _account(name: str, timezone: str = "Africa/Tunis") -> Account:
    return Account(name, f"{name.split(maxsplit=1)[0].lower()}@demo.example", PASSWORD, timezone)


LEARNER = _account("Lina Gharbi")
MENTORS = [
    Mentor(
        _account("Mounir Trabelsi"),
        "Databases, from the query plan up",
        "Twenty years of PostgreSQL in banks and in trains. Bring a slow query, and we make it a fast one together.",
        ["postgres", "sql", "performance"],
        DAYTIME,
        [
            Offering("Reading query plans", "Bring one of yours.", 50, 33_337),
            Offering("A look at your schema", "Tables, keys, and what will hurt in a year.", 90, 75_000),
        ],
    ),
    Mentor(
        _account("Yasmine Haddad", "Europe/Paris"),
        "Security for people who build things",
        "I break web applications for a living, and would rather show you how not to build them that way.",
        ["security", "web", "python"],
        EVENINGS | SATURDAYS,
        [
            Offering("Threat model in an hour", "Your architecture, a whiteboard, and bad intentions.", 60, 60_000),
            Offering("First chat", "To find out whether I am the one to ask.", 15, 0),
        ],
    ),
    Mentor(
        _account("Karim Ben Youssef"),
        "From engineer to lead, without losing your nights",
        "I have led teams of three and of ninety. The difficult part is the same.",
        ["leadership", "careers"],
        DAYTIME,
        [Offering("One on one", "About whatever keeps you awake.", 45, 40_000)],
    ),
]


class Gardener:
    """Puts people into a world, as far as they are not there yet."""

    def __init__(self, world: World, patience: Patience) -> None:
        """Take the world."""
        self._nobody = Caller(world.api, patience)
        self._outside = Outside(world.sandbox, patience)

    def plant(self) -> None:
        """Put everybody in."""
        for mentor in MENTORS:
            self._plant_mentor(mentor)
        self._plant_learner(LEARNER)

    def _plant_mentor(self, mentor: Mentor) -> None:
        person = self._enter(mentor.account)
        _unless(person.try_call("POST", "/mentors", mentor.profile), HTTPStatus.CONFLICT, "already_mentor")
        person.call("PUT", "/mentors/me/availability", weekly_hours(mentor.account.timezone, mentor.hours))
        offered = person.get(f"/mentors/{person.get('/me')['id']}/offerings")["items"]
        there = {offering["title"] for offering in offered}
        for offering in mentor.offerings:
            if offering.title not in there:
                person.post("/mentors/me/offerings", offering.body)

    def _plant_learner(self, account: Account) -> None:
        person = self._enter(account)
        if person.get("/wallet/transactions")["items"]:
            return
        payment = person.post("/wallet/top-ups", {"amount": in_dinars(POCKET_MONEY)}, key=secrets.token_hex(8))["id"]
        self._outside.click_pay(pay_link(person, payment))
        wait_for_capture(person, payment)

    def _enter(self, account: Account) -> Caller:
        """Sign in; register and confirm first whoever is not there yet."""
        attempt = self._nobody.try_call("POST", "/auth/login", {"email": account.email, "password": account.password})
        if not attempt.is_success:
            people.register(self._nobody, account)
            people.confirm(self._nobody, self._outside, account)
        return people.sign_in(self._nobody, account)


def main() -> int:
    """Run the command line and return its exit code: 0, or 1 for a failure that was explained."""
    try:
        world = read_world()
        Gardener(world, Patience(PATIENCE_SECONDS)).plant()
    except Failed as failure:
        print(f"There are no demo data: {failure}", file=sys.stderr)
        return 1
    print(f"  People   {LEARNER.email} has money, {', '.join(one.account.email for one in MENTORS)} can be booked;")
    print(f"           everybody's password: {PASSWORD}")
    print(f"  Story    {shown(Path(sys.executable))} -m demo, in another terminal, plays it here")
    return 0


def _unless(answer: Answer, status: int, code: str) -> None:
    """Raise Unexpected unless the answer is a success or this refusal."""
    if not answer.is_success and (answer.status, answer["code"]) != (status, code):
        raise Unexpected(answer.call, f"with a success or {code}", answer.shown)


if __name__ == "__main__":
    sys.exit(main())
