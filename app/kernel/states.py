"""State machines as tables: what a state becomes when something happens to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
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


def pairs(states: Iterable[S], events: Iterable[E]) -> frozenset[tuple[S, E]]:
    """Return each of these states with each of these events."""
    return frozenset(product(states, events))


@dataclass(frozen=True)
class Machine(Generic[S, E]):
    """A table of (state, event) → state. Every pair stands in it once: in a row, as ignored, or as refused.

    What is `ignored` changes nothing: it is for what the outside world may tell us at any time, where raising would
    make a gateway repeat itself. A pair that nobody thought of, or that is said twice, raises ValueError when the
    machine is made: a new state or event cannot be used before each of its pairs was decided on.
    """

    name: str
    initial: frozenset[S]
    rows: Mapping[tuple[S, E], S]
    ignored: frozenset[tuple[S, E]] = field(default_factory=frozenset)
    refused: frozenset[tuple[S, E]] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        said = Counter([*self.rows, *self.ignored, *self.refused])
        wrong = [f"({state}, {event})" for state, event in pairs(*self.alphabet()) if said[state, event] != 1]
        if wrong:
            raise ValueError(f"{self.name}: a row, ignored or refused, once each: {', '.join(sorted(wrong))}")

    def alphabet(self) -> tuple[type[S], type[E]]:
        """Return all states and all events."""
        (state, event) = next(iter(self.rows))
        return type(state), type(event)

    def transition(self, state: S, event: E) -> S:
        """Return the next state; the same one where the pair is ignored; raise IllegalTransition otherwise."""
        if (state, event) in self.ignored:
            return state
        try:
            return self.rows[state, event]
        except KeyError:
            raise IllegalTransition(f"A {self.name} that is {state} cannot take '{event}'.") from None

    def diagram(self) -> Iterator[str]:
        """Yield the lines of a Mermaid state diagram."""
        yield "stateDiagram-v2"
        for state in sorted(self.initial):
            yield f"    [*] --> {state}"
        for (state, event), after in self.rows.items():
            yield f"    {state} --> {after}: {event}"
