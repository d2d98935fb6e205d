"""README.md shows what the demo really prints, and names the people that are really there."""

from __future__ import annotations

import re

from demo.seed import LEARNER, MENTORS, PASSWORD
from tests.demo.conftest import ROOT, RunningWorld

README = (ROOT / "README.md").read_text()

#: What differs from run to run, and the name that stands for it. The checks of the books are left to the books.
VARYING = {
    r"127\.0\.0\.1:\d+": "ADDRESS",
    r"logs in \S+": "LOGS",
    r"\d+\.\d+ s\b": "TIME",
    r"-[0-9a-f]{6}@": "-ID@",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "ID",
    r"\d+ free slots": "SLOTS",
    r"takes .* at \d\d:\d\d": "SLOT",
    r"\d+ ms": "DELAY",
    r"\d+ tasks": "TASKS",
    r"(?m)^ +holds  .*\n": "",
    r"(?m)^ +…\n": "",
    r" +": " ",
}


def unvarying(text: str) -> list[str]:
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text.strip().splitlines()


def test_the_output_shown_is_what_the_demo_prints(world: RunningWorld):
    shown = re.search(r"```\n(Amana: one paid booking.*?)```", README, re.DOTALL)
    assert shown
    assert unvarying(shown[1]) == unvarying(world.play("demo").stdout)


def test_the_people_named_are_those_of_the_demo_data():
    for account in (LEARNER, *(mentor.account for mentor in MENTORS)):
        assert f"`{account.email}`" in README
    assert f"`{PASSWORD}`" in README
