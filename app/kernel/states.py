"""State machines as tables: what a state becomes when something happens to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from app.kernel.errors import Refusal

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class IllegalTransition(Refusal):
    """That cannot be done in the present state.

    Read the thing again: its `status` says where it stands, and the state machines in the documentation say what
    can be done there. It may have been done already, or by somebody else at the same moment.
    """

    code = "illegal_transition"


@dataclass(frozen=True)
class Machine(Generic[S, E]):
    """A table of (state, event) → state. Pairs in `ignored` change nothing; every other pair is refused.

    `ignored` is for what the outside world may tell us at any time: raising there would make a gateway repeat itself.
    """

    name: str
    initial: frozenset[S]
    rows: Mapping[tuple[S, E], S]
    ignored: frozenset[tuple[S, E]] = field(default_factory=frozenset)

    def transition(self, state: S, event: E) -> S:
        """Return the next state; the same one where the pair is ignored; raise IllegalTransition otherwise."""
        if (state, event) in self.ignored:
            return state
        try:
            return self.rows[state, event]
        except KeyError:
            raise IllegalTransition(f"A {self.name} that is {state} cannot take '{event}'.") from None

    def allows(self, state: S, event: E) -> bool:
        """Tell whether the pair has a row."""
        return (state, event) in self.rows

    def diagram(self) -> Iterator[str]:
        """Yield the lines of a Mermaid state diagram."""
        yield "stateDiagram-v2"
        for state in sorted(self.initial):
            yield f"    [*] --> {state}"
        for (state, event), after in self.rows.items():
            yield f"    {state} --> {after}: {event}"
