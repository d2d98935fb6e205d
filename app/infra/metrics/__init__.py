"""What the processes count. What Postgres knows is not counted here: it is asked when /metrics is read.

Each process adds up in memory and writes its sums to Postgres every few seconds. There they are everybody's sums,
whichever process is asked for them and however many have come and gone. Whatever is killed takes the counts of its
last seconds with it: counts, never work. What must be exact is counted in the transaction of what it counts.
"""

from app.infra.metrics.families import (
    BEAT_TICKS,
    CAPTURED,
    CAPTURES,
    DELIVERIES,
    FAILURES_IN_A_ROW,
    FAMILIES,
    GATEWAY_CALLS,
    GATEWAY_SECONDS,
    REQUEST_SECONDS,
    REQUESTS,
    WEBHOOKS,
)
from app.infra.metrics.flushing import flush, start

__all__ = [
    "BEAT_TICKS",
    "CAPTURED",
    "CAPTURES",
    "DELIVERIES",
    "FAILURES_IN_A_ROW",
    "FAMILIES",
    "GATEWAY_CALLS",
    "GATEWAY_SECONDS",
    "REQUESTS",
    "REQUEST_SECONDS",
    "WEBHOOKS",
    "flush",
    "start",
]
