"""Which task reacts to which event: the whole flow of the house on one page.

Handed to the outbox at the start of every process. An event that is missing here cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.identity.events import UserRegistered, VerificationRequested
from app.infra.outbox import Reaction
from app.infra.outbox.events import DeliveryDied
from app.kernel.events import Event
from app.ops.events import ClockMoved

_send_verification = Reaction("tasks.identity.send_verification", queue="notifications", tries=3)

REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    # identity
    UserRegistered: (_send_verification,),
    VerificationRequested: (_send_verification,),
    # ops and infra
    ClockMoved: (Reaction("tasks.maintenance.run_due_sweeps", queue="maintenance"),),
    DeliveryDied: (Reaction("tasks.ops.report_dead_letter", queue="dead_letter", tries=5),),
}
