"""What is said of a mentor, as pure values: weekly hours and the stretches they make together, settings, skills."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from app.mentors.errors import RulesRefused, SettingsRefused, SkillsRefused

DAY = 24 * 60
MAX_SKILLS = 20
MAX_SKILL_LENGTH = 40
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, order=True)
class WeeklyRule:
    """Open on one day of the week (Monday is 0), from `start` until before `end`: minutes of the local day, 0..1440."""

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """An unbroken time of a week: from `start` until before `end`, minutes after the local midnight of its weekday.

    An `end` beyond 1440 lies on a later day.
    """

    weekday: int
    start: int
    end: int

    @property
    def days(self) -> int:
        """Return how many local midnights it reaches."""
        return self.end // DAY


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that a mentor says about when sessions may be: what decides, with the sessions already held, over a slot."""

    mentor_id: UUID
    timezone: str
    rules: tuple[WeeklyRule, ...]
    buffer_minutes: int
    min_notice_minutes: int
    horizon_days: int
    accepting: bool


def check_rules(rules: Sequence[WeeklyRule]) -> None:
    """Raise RulesRefused, pointing at the rule, when one runs backwards or overlaps another of its day."""
    for index, rule in enumerate(rules):
        if rule.end <= rule.start:
            raise RulesRefused(
                "The end must come after the start. For hours over midnight write two rules: until 24:00,"
                " and from 00:00 on the next day; they count as one.",
                pointer=f"/rules/{index}/end",
            )
    in_order = sorted(range(len(rules)), key=lambda index: rules[index])
    for earlier, later in pairwise(in_order):
        if rules[earlier].weekday == rules[later].weekday and rules[later].start < rules[earlier].end:
            raise RulesRefused(
                f"Overlaps rule {earlier} on {WEEKDAYS[rules[later].weekday]}: make one rule of the two.",
                pointer=f"/rules/{later}",
            )


def stretches(rules: Sequence[WeeklyRule]) -> tuple[Stretch, ...]:
    """Join rules over midnight: one until 24:00 goes on in the next day's from 00:00, so a session may span midnight.

    Rules that touch within a day stay two, each with slots counted from its own start. A week that is open
    without any break has no first stretch: it is cut on Monday at 00:00.
    """
    from_midnight = {rule.weekday: rule for rule in rules if rule.start == 0}
    until_midnight = {rule.weekday for rule in rules if rule.end == DAY}
    if len(until_midnight & from_midnight.keys()) == len(rules) == len(WEEKDAYS):
        return (Stretch(0, 0, len(WEEKDAYS) * DAY),)
    return tuple(
        Stretch(rule.weekday, rule.start, _end_of_stretch(rule, from_midnight))
        for rule in rules
        if rule.start > 0 or (rule.weekday - 1) % len(WEEKDAYS) not in until_midnight
    )


def _end_of_stretch(rule: WeeklyRule, from_midnight: dict[int, WeeklyRule]) -> int:
    weekday, end = rule.weekday, rule.end
    while end % DAY == 0:
        weekday = (weekday + 1) % len(WEEKDAYS)
        if weekday not in from_midnight:
            break
        end += from_midnight[weekday].end
    return end


def check_reach(min_notice_minutes: int, horizon_days: int) -> None:
    """Raise SettingsRefused when the notice reaches beyond the horizon: no slot could ever be offered."""
    if min_notice_minutes > horizon_days * DAY:
        raise SettingsRefused(
            f"A notice of {min_notice_minutes} minutes lies beyond a horizon of {horizon_days} days:"
            " shorten the one or widen the other.",
            pointer="/min_notice_minutes",
        )


def normal_skill(raw: str) -> str:
    """Return a skill as it is stored and searched: composed (NFKC), lower case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", raw).lower().split())


def normal_skills(raw: Sequence[str]) -> list[str]:
    """Return skills as they are stored, each once, in the order given; raise SkillsRefused for too many or too long."""
    skills = list(dict.fromkeys(normal_skill(skill) for skill in raw))
    if len(skills) > MAX_SKILLS:
        raise SkillsRefused(f"At most {MAX_SKILLS} skills.", pointer="/skills")
    for skill in skills:
        if not 1 <= len(skill) <= MAX_SKILL_LENGTH:
            raise SkillsRefused(f"A skill has 1 to {MAX_SKILL_LENGTH} characters.", pointer="/skills")
    return skills
