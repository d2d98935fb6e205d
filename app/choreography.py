"""Which task reacts to which event: the whole flow of the house on one page.

Handed to the outbox at the start of every process. An event that is missing here cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.infra.outbox import Reaction
from app.infra.outbox.events import DeliveryDied
from app.kernel.events import Event
from app.ops.events import ClockMoved

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    # ops and infra
    ClockMoved: (Reaction("tasks.maintenance.run_due_sweeps", queue="maintenance"),),
    DeliveryDied: (Reaction("tasks.ops.report_dead_letter", queue="dead_letter", tries=5),),
}
