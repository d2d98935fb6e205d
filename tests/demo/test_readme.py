"""README.md shows what the demo really prints, and names the people that are really there."""

from __future__ import annotations

import re
from uuid import UUID

from app.choreography import REACTIONS
from demo.seed import LEARNER, MENTORS, PASSWORD
from tests.demo.conftest import ROOT, Played

README = (ROOT / "README.md").read_text()

#: What differs from run to run, and the name that stands for it.
VARYING = {
    r"127\.0\.0\.1:\d+": "ADDRESS",
    r"logs in \S+": "LOGS",
    r"\d+\.\d+ s\b": "TIME",
    r"-[0-9a-f]{6}@": "-ID@",
    r"meet\.google\.com/[a-z-]+": "MEETING",
    r"\d+ free slots": "SLOTS",
    r"\w+day \d+ \w+ at \d\d:\d\d": "DAY",
    r"\d+ ms": "DELAY",
    r"\d+ tasks": "TASKS",
    r" +": " ",
}

#: A line of the README that stands for lines which are left out.
LEFT_OUT = " …"


def unvarying(text: str) -> list[str]:
    for pattern, name in VARYING.items():
        text = re.sub(pattern, name, text)
    return text.strip().splitlines()


def passages(lines: list[str]) -> list[list[str]]:
    """Split what is shown where lines are left out."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line == LEFT_OUT:
            found.append([])
        else:
            found[-1].append(line)
    return found


def position(passage: list[str], printed: list[str], start: int) -> int:
    """Return where a passage ends in what was printed, at or after a line."""
    places = range(start, len(printed) - len(passage) + 1)
    found = next((place for place in places if printed[place : place + len(passage)] == passage), None)
    assert found is not None, "README.md shows what is not printed:\n" + "\n".join(passage)
    return found + len(passage)


def test_the_output_shown_is_what_the_demo_prints(played: Played):
    shown = re.search(r"```\n(Amana: one session.*?)```", README, re.DOTALL)
    assert shown
    first, *others = passages(unvarying(shown[1]))
    printed = unvarying(played.stdout)
    assert printed[: len(first)] == first
    end = len(first)
    for passage in others:
        end = position(passage, printed, end)
    assert end == len(printed)


def test_the_addresses_named_are_those_of_the_api(flask_app):
    named = [("GET", path) for path in re.findall(r"`(/[a-z/{}.-]+)`", README)]
    named += re.findall(r"(GET|POST) (/[a-z/{}-]+)", README)
    assert len(named) > 10
    ways = flask_app.url_map.bind("")
    filled = [(method, path.replace("{id}", str(UUID(int=1))).replace("{code}", "x")) for method, path in named]
    assert [one for one in filled if not any(ways.test(prefix + one[1], one[0]) for prefix in ("", "/api/v1"))] == []


def test_the_world_that_the_demo_leaves_running_is_where_it_is_said_to_be():
    recipe = (ROOT / "Makefile").read_text().partition("\ndemo: ")[2].partition("\n\n")[0]
    (directory,) = re.findall(r"--directory (\S+)", recipe)
    assert re.search(rf"`make demo KEEP=1`[^`]*`{re.escape(directory)}/`", README)
    assert ("no Flower" in README) == ("--without flower" in recipe)


def test_the_tasks_of_the_flow_are_those_that_react():
    shown = re.findall(r"R->>W: (\w+)", README)
    assert len(shown) >= 4
    assert set(shown) <= {
        reaction.task.rpartition(".")[2] for reactions in REACTIONS.values() for reaction in reactions
    }


def test_the_people_named_are_those_of_the_demo_data():
    for account in (LEARNER, *(mentor.account for mentor in MENTORS)):
        assert f"`{account.email}`" in README
    assert f"`{PASSWORD}`" in README
