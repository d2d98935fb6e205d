"""Which task reacts to which event: given to every process at start-up (see app/choreography.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.kernel.events import Event

#: One for each concern: what is stuck in one keeps nothing else waiting.
QUEUES = ("payments", "booking", "escrow", "payouts", "calendar", "notifications", "maintenance", "dead_letter")


@dataclass(frozen=True)
class Reaction:
    """One task that an event starts, and how patiently.

    `ordered_by` names the field of the event whose deliveries must run one at a time and in order; `order` parts
    independent orders over the same ids. `cap_seconds` bounds the backoff.
    """

    task: str
    queue: str
    tries: int = 10
    cap_seconds: int = 300
    ordered_by: str | None = None
    order: str = ""

    def ordering_key(self, event: Event) -> str | None:
        """Return the key under which this delivery waits its turn, None where order does not matter."""
        return f"{self.order}:{getattr(event, self.ordered_by)}" if self.ordered_by else None


class NoChoreography(RuntimeError):
    """This process recorded an event before it was told who reacts: silence would be loss."""


class UnknownEvent(LookupError):
    """An event that the choreography does not list: silence would be loss."""


_reactions: dict[type[Event], Sequence[Reaction]] = {}


def install(reactions: Mapping[type[Event], Sequence[Reaction]]) -> None:
    """Take the choreography; called once at the start of every process (API, worker, relay, CLI, tests)."""
    _reactions.clear()
    _reactions.update(reactions)


def reactions_of(event: Event) -> Sequence[Reaction]:
    """Return who reacts; raise NoChoreography or UnknownEvent rather than lose the fact."""
    if not _reactions:
        raise NoChoreography("outbox.install(REACTIONS) was not called in this process")
    try:
        return _reactions[type(event)]
    except KeyError:
        raise UnknownEvent(f"{event.type_name()} stands in no row of app/choreography.py") from None


def order_of(event_type: type[Event]) -> str:
    """Return the order in which the one reaction to such events waits its turn."""
    (reaction,) = _reactions[event_type]
    return reaction.order


def event_class(type_name: str) -> type[Event]:
    """Return the class of a stored event; raise UnknownEvent when this code does not know it."""
    for candidate in _reactions:
        if candidate.type_name() == type_name:
            return candidate
    raise UnknownEvent(f"{type_name} stands in no row of app/choreography.py")
