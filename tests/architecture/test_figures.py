"""Figures of README.md are those of the tests that prove them, and figures of the runbook those of the code."""

from __future__ import annotations

import ast
import math
import re
import tomllib
from typing import Any

import pytest

from mutants.catalogue import MUTANTS
from tests.architecture.sources import ROOT

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
README = (ROOT / "README.md").read_text()
TRUST = README.partition("## Why to trust it\n")[2].partition("\n## ")[0]
ROWS = [line for line in TRUST.splitlines() if re.match(r"\| \w", line)][1:]
WORDS = re.compile(r"\d+(?:,\d{3})*")


def constants(path: str) -> dict[str, Any]:
    """Return the plain values that a file gives names to; of a table that is not plain, how many rows it has."""
    found = {}
    for node in ast.parse((ROOT / path).read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                found.update({name.id: value.value for name, value in zip(names, values, strict=True)})
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                found[name] = value
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Tuple(elts=[ast.Constant(), *_] as values)):
                found[name] = tuple(value.value for value in values)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(keys=keys)):
                found[name] = len(keys)
    return found


def of_the_kill_test() -> list[int]:
    told = constants("tests/e2e/test_kill.py")
    waves = math.ceil(told["PAYMENTS"] / told["WAVE"])
    return [told["PAYMENTS"], waves, told["DUPLICATED"], told["FEWEST_KILLS"], told["PAYMENTS"], told["PAYMENTS"]]


def of_the_model() -> list[int]:
    told = constants("tests/model/test_money.py")
    return [told["JOURNEYS"] * told["FEWEST_STEPS"] // 1_000 * 1_000]


def of_the_fuzzing() -> list[int]:
    told = constants("tests/fuzz/test_fuzz.py")
    return [told["REQUESTS"], told["ACCEPTED_PER_CENT"], 500]


def of_the_coverage() -> list[int]:
    asked = re.findall(r"--fail-under=(\d+)(.*)", (ROOT / "Makefile").read_text())
    return [int(figure) for figure, only in sorted(asked, key=lambda row: "WHOLE" not in row[1])]


FIGURES = {
    "tests/e2e/test_kill.py": of_the_kill_test,
    "tests/e2e/test_blows.py": lambda: [constants("tests/e2e/blows.py")["BLOWS"]],
    "tests/model/test_money.py": of_the_model,
    "tests/booking/test_races.py": lambda: [constants("tests/booking/test_races.py")["CROWD"]],
    "tests/fuzz/test_fuzz.py": of_the_fuzzing,
    "mutants/catalogue.py": lambda: [len(MUTANTS)],
    "make coverage": of_the_coverage,
}


@pytest.mark.parametrize("proof", FIGURES)
def test_a_row_tells_the_figures_of_its_proof(proof):
    (row,) = [row for row in ROWS if proof in row.split("|")[-2]]
    told = [int(figure.replace(",", "")) for figure in WORDS.findall(row.split("|")[2])]
    assert told == FIGURES[proof]()


def test_what_tells_figures_has_a_proof_that_is_asked_for_them():
    told = {row for row in ROWS if WORDS.search(row.split("|")[2])}
    assert len(ROWS) > 8
    assert told == {row for row in ROWS for proof in FIGURES if proof in row.split("|")[-2]}


def test_the_places_whose_every_branch_is_tested_are_those_that_are_named():
    (row,) = [row for row in ROWS if "make coverage" in row]
    whole = re.findall(r"^WHOLE := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split(",")
    assert [place for place in whole if place.split("/")[-2] not in row] == []


def test_the_whole_of_which_a_part_may_go_untested_is_named():
    (row,) = [row for row in ROWS if "make coverage" in row]
    measured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]
    assert measured["branch"] is True
    *others, last = measured["source"]
    assert "of the lines and branches of" in row
    assert f"of those of {', '.join(others)} and {last}" in row


def test_aims_that_were_missed_are_among_the_limits():
    limits = README.partition("## What it does not do\n")[2].partition("\n## ")[0]
    missed = "MISSED" in (ROOT / "docs/measured.md").read_text()
    assert ("miss what was aimed at" in limits) == missed


CHECKS = constants("app/ops/health/checks.py")
DATABASE = constants("app/infra/db.py")

#: What the runbook says of a limit, and the limit. They are read from the code as it is: tests have longer ones.
LIMITS = {
    "what has no answer after {} s": constants("app/ops/health/looking.py")["SECONDS"],
    "| `relay` | work that could be carried has waited for {} s, {} s |": CHECKS["RELAY_LAG"],
    "| `beat` | it had no round for {} s ": CHECKS["BEAT_LEAST_SECONDS"],
    "| `webhooks` | a ping was not looked at for {} s, {} s |": CHECKS["WEBHOOK_AGE"],
    "| `konnect` | its last {} calls": CHECKS["FAILURES"],
    "| `google` | its last {} calls": CHECKS["FAILURES"],
    "| `database` | it answers after {} s,": CHECKS["SLOW_SECONDS"],
    "waits for a lock after {} s": DATABASE["LOCK_SECONDS"],
    "idle transactions after {} s": DATABASE["IDLE_SECONDS"],
    "`amana_relay_lag_seconds > {}`": CHECKS["RELAY_LAG"][1],
    "`amana_oldest_webhook_seconds > {}`": CHECKS["WEBHOOK_AGE"][1],
    "`amana_gateway_failures_in_a_row >= {}`": CHECKS["FAILURES"],
}


@pytest.mark.parametrize("sentence", LIMITS)
def test_the_runbook_tells_the_limits_of_the_code(sentence):
    limits = LIMITS[sentence] if isinstance(LIMITS[sentence], tuple) else (LIMITS[sentence],)
    assert sentence.format(*limits) in " ".join(RUNBOOK.split())
