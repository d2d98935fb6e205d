"""Health: alive means that the process answers; ready, that it can do its work; healthy, that the whole system does."""

from app.ops.health.checks import workers_patience
from app.ops.health.looking import READINESS, Report, look
from app.ops.health.sharing import everything, readiness
from app.ops.health.turns import Turn, record_turns
from app.ops.health.verdicts import Check

__all__ = [
    "READINESS",
    "Check",
    "Report",
    "Turn",
    "everything",
    "look",
    "readiness",
    "record_turns",
    "workers_patience",
]
