"""What the person at the terminal sees: acts, steps with their time, tables. Colours only on a terminal."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Iterable, Mapping
from typing import TextIO

BOLD, DIM, RED, GREEN, YELLOW = "1", "2", "31", "32", "33"
#: Where who does something begins, and what they do, in characters.
WHO, WHAT = 12, 22
GAP = 2
#: The least width of labels, so that tables below each other are aligned.
LABEL = 20


class Screen:
    """Prints to one stream; all times are seconds since it was made."""

    def __init__(self, out: TextIO) -> None:
        """Start the clock."""
        self._out = out
        self._began = time.monotonic()
        self._colourful = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._acts = 0
        self._after_blank = False
        self.act_title = ""

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def title(self, text: str, *lines: str) -> None:
        """Print what is played, and where."""
        self._print(self._in(BOLD, text))
        for line in lines:
            self._print(self._in(DIM, line))

    def act(self, title: str) -> None:
        """Begin the next part of the story."""
        self._acts += 1
        self.act_title = title
        self._space()
        self._print(self._in(BOLD, f"{self._acts}. {title}"))

    def step(self, who: str, what: str) -> None:
        """Say what somebody has just done."""
        self._print(f"{self._time()}  {_told(who, what)}")

    def fault(self, what: str) -> None:
        """Say what was ordered to go wrong."""
        self._print(f"{self._time()}  {self._in(YELLOW, _told('Sandbox', what))}")

    def detail(self, what: str, *, holds: bool = True) -> None:
        """Print one line more about the last step."""
        self._print(f"{'':{WHAT}}{self._in(GREEN if holds else RED, what)}")

    def check(self, what: str, *, holds: bool) -> None:
        """Print one line of a list of checks."""
        mark = self._in(GREEN, "holds") if holds else self._in(RED, "BROKEN")
        self._print(f"{'':{WHAT}}{mark}  {what}")

    def table(self, corner: str, columns: Mapping[str, Mapping[str, str]]) -> None:
        """Print columns of figures, and one line for each label, in the order of the first column."""
        labels = list(next(iter(columns.values())))
        first = max(LABEL, *map(len, (corner, *labels)))
        widths = [max(map(len, (head, *figures.values()))) for head, figures in columns.items()]
        self._space()
        self._print(self._in(DIM, _line(corner, first, columns, widths)))
        for label in labels:
            self._print(_line(label, first, [figures[label] for figures in columns.values()], widths))
        self._space()

    def success(self, text: str) -> None:
        """Say that all went well."""
        self._space()
        self._print(self._in(GREEN, text))

    def failure(self, headline: str, text: str) -> None:
        """Say what went wrong."""
        self._space()
        self._print(self._in(RED, f"FAILED after {self.elapsed:.2f} s: {headline}"))
        self._print(textwrap.indent(text, "  "))

    def _time(self) -> str:
        return self._in(DIM, f"{self.elapsed:8.2f} s")

    def _in(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colourful else text

    def _space(self) -> None:
        """Leave one line free, and never two."""
        if not self._after_blank:
            self._print("")

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)
        self._after_blank = not text


def _told(who: str, what: str) -> str:
    return f"{who:<{WHAT - WHO - 1}} {what}"


def _line(label: str, first: int, cells: Iterable[str], widths: Iterable[int]) -> str:
    figures = "".join(f"{'':{GAP}}{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{'':{WHO}}{label:<{first}}{figures}"
