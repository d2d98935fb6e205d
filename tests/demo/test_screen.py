"""What the person at the terminal sees, and when in colours."""

from __future__ import annotations

import io

import pytest

from demo.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_wishes(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def told(out: io.StringIO) -> str:
    screen = Screen(out)
    screen.act("They meet")
    screen.step("Lina", "pays")
    screen.fault("is ordered to fail")
    screen.detail("try 1: failed", holds=False)
    screen.check("everything sums to zero", holds=True)
    return out.getvalue()


def test_a_terminal_is_shown_colours():
    shown = told(Terminal())
    assert "\x1b[1m1. They meet\x1b[0m" in shown
    assert "\x1b[33mSandbox   is ordered to fail\x1b[0m" in shown
    assert "\x1b[31mtry 1: failed\x1b[0m" in shown
    assert "\x1b[32mholds\x1b[0m  everything" in shown


def test_a_file_is_not():
    assert "\x1b" not in told(io.StringIO())


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_nor_is_a_terminal_of_somebody_who_wants_none(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert "\x1b" not in told(Terminal())


def test_an_empty_wish_is_none(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b" in told(Terminal())


def test_figures_stand_below_each_other_with_one_free_line_around():
    out = io.StringIO()
    screen = Screen(out)
    screen.act("Money")
    screen.table("TND", {"moved": {"in escrow": "+1.000", "fee": ""}, "now": {"in escrow": "10.000", "fee": "-"}})
    screen.act("More")
    assert out.getvalue().splitlines() == [
        "",
        "1. Money",
        "",
        "            TND                    moved     now",
        "            in escrow             +1.000  10.000",
        "            fee                                -",
        "",
        "2. More",
    ]
