"""Draws every state machine from its table: `python -m tests.architecture.diagrams > docs/state_machines.md`."""

from __future__ import annotations

from collections.abc import Iterator

from app.kernel.states import Machine
from tests.architecture.house import instances

_HEAD = """# State machines

Drawn from the tables in the code by `python -m tests.architecture.diagrams`; a test compares. Every pair of a state and
an event that is not shown is refused, with 409 `illegal_transition` where a client asked for it.
"""


def document() -> str:
    """Return the whole page."""
    machines = sorted(instances(Machine), key=lambda machine: machine.name)
    return _HEAD + "".join("\n" + "\n".join(_section(machine)) + "\n" for machine in machines)


def _section(machine: Machine) -> Iterator[str]:
    yield f"## {machine.name.replace('_', ' ').capitalize()}"
    yield ""
    yield "```mermaid"
    yield from machine.diagram()
    yield "```"
    if machine.ignored:
        yield ""
        yield "Changes nothing, whenever it comes:"
        yield ""
        for step in sorted({step for _, step in machine.ignored}):
            states = sorted(state for state, ignored in machine.ignored if ignored == step)
            yield f"- `{step}` in {', '.join(f'`{state}`' for state in states)}"


if __name__ == "__main__":
    print(document(), end="")
