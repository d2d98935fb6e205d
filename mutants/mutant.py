"""A mutant: one small lie in one file, and the tests that ought to find it out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class DoesNotFit(Exception):
    """The text that a mutant replaces is not in its file exactly once: the code moved on, the mutant did not."""


@dataclass(frozen=True)
class Mutant:
    """Replaces `old` by `new` in the file at `path`; it is `tests` that must see it."""

    name: str
    path: str
    old: str
    new: str
    tests: str

    def applied_to(self, tree: Path) -> str:
        """Return the text of the file with the lie in it; raise DoesNotFit."""
        text = (tree / self.path).read_text()
        if text.count(self.old) != 1 or self.old == self.new:
            raise DoesNotFit(f"{self.name}: its text stands {text.count(self.old)} times in {self.path}, not once.")
        return text.replace(self.old, self.new)
