"""The picture of the demo shows what its screen printed, in its colours, from the act that it begins with."""

from __future__ import annotations

import io
import re

from demo.screen import Screen
from tests.browser.demo_picture import AFTER_LAST, FIRST, STYLES, as_html, cut


class Terminal(io.StringIO):
    """A stream that says that somebody looks at it."""

    def isatty(self) -> bool:
        return True


def printed(monkeypatch) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    screen = Screen(terminal)
    for number in range(1, 10):
        screen.act(f"Act <{number}>")
        screen.fault("is ordered to fail")
        screen.detail("try 1: failed", holds=False)
        screen.detail("try 2: done")
    return terminal.getvalue()


def test_it_begins_and_ends_with_the_acts_that_are_shown(monkeypatch):
    titles = re.findall(r"\d\. Act", cut(printed(monkeypatch)))
    assert (titles[0][:3], titles[-1][0]) == (FIRST, str(int(AFTER_LAST[0]) - 1))


def test_every_colour_is_shown_and_nothing_else_of_the_terminal(monkeypatch):
    page = as_html(printed(monkeypatch))
    assert "\x1b" not in page
    assert "Act &lt;5&gt;" in page
    assert {style for style in STYLES.values() if style in page} == set(STYLES.values())
