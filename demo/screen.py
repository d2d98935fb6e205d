"""What the person at the terminal sees: acts, steps with their time, tables. Colours only on a terminal."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Mapping
from typing import TextIO

BOLD, DIM, GREEN, RED = "1", "2", "32", "31"
#: Where the text of a step begins, in characters.
MARGIN = 22


class Screen:
    """Prints to one stream; all times are seconds since it was made."""

    def __init__(self, out: TextIO) -> None:
        """Start the clock."""
        self._out = out
        self._began = time.monotonic()
        self._colourful = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._acts = 0
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
        self._print("")
        self._print(self._in(BOLD, f"{self._acts}. {title}"))

    def step(self, who: str, what: str) -> None:
        """Say what somebody has just done."""
        self._print(f"{self._in(DIM, f'{self.elapsed:8.2f} s')}  {who:<9} {what}")

    def check(self, what: str, *, holds: bool) -> None:
        """Print one line of a list of checks."""
        mark = self._in(GREEN, "holds") if holds else self._in(RED, "BROKEN")
        self._print(f"{'':{MARGIN}}{mark}  {what}")

    def table(self, corner: str, moments: Mapping[str, Mapping[str, str]]) -> None:
        """Print one column for each moment, and one line for each figure, in the order of the first moment."""
        labels = list(next(iter(moments.values())))
        first = max(map(len, (corner, *labels)))
        widths = {moment: max(map(len, (moment, *figures.values()))) for moment, figures in moments.items()}
        self._print("")
        self._print(self._in(DIM, _line(corner, first, {moment: moment for moment in moments}, widths)))
        for label in labels:
            figures = {moment: figures[label] for moment, figures in moments.items()}
            self._print(_line(label, first, figures, widths))

    def success(self, text: str) -> None:
        """Say that all went well."""
        self._print("")
        self._print(self._in(GREEN, text))

    def failure(self, headline: str, text: str) -> None:
        """Say what went wrong."""
        self._print("")
        self._print(self._in(RED, f"FAILED after {self.elapsed:.2f} s: {headline}"))
        self._print(textwrap.indent(text, "  "))

    def _in(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colourful else text

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _line(label: str, first: int, cells: Mapping[str, str], widths: Mapping[str, int]) -> str:
    figures = "".join(f"   {cell:>{widths[moment]}}" for moment, cell in cells.items())
    return f"{'':{MARGIN}}{label:<{first}}{figures}"
