"""How things stand, each as one short query: for /metrics, and for the checks of health.

Like the invariants these read tables of every room. Each reads what waits, what is open, or what is of the last day, by
an index that holds no more than that: never what a table has gathered over the years.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra.config import settings
from app.infra.outbox import canaries
from app.infra.outbox.reactions import QUEUES
from app.kernel.clock import wall_now

#: Over which time the rate of success is taken.
SUCCESS_SECONDS = 86_400

Values = Mapping[tuple[str, ...], float]


@dataclass(frozen=True)
class Gauge:
    """Numbers of one name, by the values of its labels; `read` runs its query."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[Session], Values]


def _rows(statement: str) -> Callable[[Session], Values]:
    """Return the reader of a statement whose rows are the labels, then the value; NULL is no value."""
    clause = text(statement)

    def read(session: Session) -> Values:
        known = {"queues": list(QUEUES), "window": settings().relay_window, "since": _first_id_of_the_day()}
        rows = session.execute(clause, {name: known[name] for name in clause.compile().params})
        return {tuple(labels): float(value) for *labels, value in rows if value is not None}

    return read


def _first_id_of_the_day() -> UUID:
    """Return an id from before the first one of the last day: ids are in the order of time (UUID version 7)."""
    return UUID(int=(int(wall_now().timestamp()) - SUCCESS_SECONDS) * 1_000 << 80)


def _read_canaries(session: Session) -> Values:
    return {(queue,): age for queue, age in canaries.ages(session).items() if age is not None}


QUEUE_DEPTH = Gauge(
    "amana_queue_depth",
    "Deliveries that have not ended: waiting in Postgres, or carried by the broker and the workers",
    ("queue", "place"),
    _rows("""
        SELECT q.queue, 'waiting',
            (SELECT count(*) FROM delivery AS d WHERE d.queue = q.queue AND d.state IN ('pending', 'retry'))
        FROM unnest(CAST(:queues AS text[])) AS q (queue)
        UNION ALL
        SELECT q.queue, 'carried',
            (SELECT count(*) FROM delivery AS d WHERE d.queue = q.queue AND d.state IN ('published', 'running'))
        FROM unnest(CAST(:queues AS text[])) AS q (queue)
    """),
)

# Of those that are due the first that were written, which index and relay follow. One may have been tried a moment ago
# and have waited for less than the next: so a thousand of them, and never all.
OLDEST_WAITING = Gauge(
    "amana_oldest_waiting_seconds",
    "For how long the oldest due delivery has waited for a relay",
    ("queue",),
    _rows("""
        SELECT q.queue, coalesce((
            SELECT extract(epoch FROM now() - min(first.available_at)) FROM (
                SELECT d.available_at FROM delivery AS d
                WHERE d.queue = q.queue AND d.state IN ('pending', 'retry') AND d.available_at <= now()
                ORDER BY d.seq LIMIT 1000) AS first), 0)
        FROM unnest(CAST(:queues AS text[])) AS q (queue)
    """),
)

# Left out is what waits its turn, and what the window of its queue holds back: no relay could carry it now.
RELAY_LAG = Gauge(
    "amana_relay_lag_seconds",
    "For how long something has waited that a relay could have carried",
    (),
    _rows("""
        SELECT coalesce(max((
            SELECT extract(epoch FROM now() - min(first.available_at)) FROM (
                SELECT d.available_at FROM delivery AS d
                WHERE d.queue = q.queue AND d.state IN ('pending', 'retry') AND d.available_at <= now()
                    AND d.ordering_key IS NULL
                ORDER BY d.seq LIMIT 1000) AS first)), 0)
        FROM unnest(CAST(:queues AS text[])) AS q (queue)
        WHERE :window > (
            SELECT count(*) FROM delivery AS d WHERE d.queue = q.queue AND d.state IN ('published', 'running'))
    """),
)

CANARY_AGE = Gauge("amana_canary_age_seconds", "How long ago a canary came through", ("queue",), _read_canaries)

DEAD_LETTERS = Gauge(
    "amana_dead_letters",
    "Deliveries that were given up",
    ("task",),
    _rows("SELECT task, count(*) FROM delivery WHERE state = 'dead' GROUP BY task ORDER BY task"),
)

WEBHOOKS_UNPROCESSED = Gauge(
    "amana_webhooks_unprocessed",
    "Pings of gateways that nobody has looked at",
    ("kind",),
    _rows("""
        SELECT 'payment', count(*) FROM webhook_ping WHERE taken_at IS NULL
        UNION ALL
        SELECT 'payout', count(*) FROM payout_ping WHERE taken_at IS NULL
    """),
)

OLDEST_WEBHOOK = Gauge(
    "amana_oldest_webhook_seconds",
    "For how long the oldest ping of a gateway has waited to be looked at",
    ("kind",),
    _rows("""
        SELECT 'payment', coalesce(extract(epoch FROM now() - min(received_at)), 0)
        FROM webhook_ping WHERE taken_at IS NULL
        UNION ALL
        SELECT 'payout', coalesce(extract(epoch FROM now() - min(received_at)), 0)
        FROM payout_ping WHERE taken_at IS NULL
    """),
)

SUCCESS = Gauge(
    "amana_payment_success_ratio",
    "Captured payments among those that were opened in the last day and have ended, cancelled ones left out",
    ("gateway",),
    _rows("""
        SELECT gateway, count(*) FILTER (WHERE status = 'captured')::float8 / count(*) FROM payment
        WHERE id >= :since AND status IN ('captured', 'expired', 'failed', 'unknown', 'conflicted') GROUP BY gateway
    """),
)

FEES = Gauge(
    "amana_fee_revenue_minor",
    "What the platform has earned, in minor units",
    ("currency",),
    _rows("SELECT currency, posted FROM ledger.account WHERE code = 'fee_revenue'"),
)

ESCROW_HELD = Gauge(
    "amana_escrow_held_minor",
    "What lies in escrow, in minor units",
    ("currency",),
    _rows("SELECT currency, sum(amount) FROM escrow WHERE status IN ('funded', 'frozen') GROUP BY currency"),
)

PAYOUTS_WAITING = Gauge(
    "amana_payouts_waiting",
    "Payouts that are not closed",
    ("status", "currency"),
    _rows("""
        SELECT status, currency, count(*) FROM payout
        WHERE status IN ('pending', 'approved', 'processing', 'unknown') GROUP BY status, currency
    """),
)

PAYOUTS_WAITING_MINOR = Gauge(
    "amana_payouts_waiting_minor",
    "Money of payouts that are not closed, in minor units",
    ("status", "currency"),
    _rows("""
        SELECT status, currency, sum(amount) FROM payout
        WHERE status IN ('pending', 'approved', 'processing', 'unknown') GROUP BY status, currency
    """),
)

GAUGES = (
    QUEUE_DEPTH, OLDEST_WAITING, RELAY_LAG, CANARY_AGE, DEAD_LETTERS, WEBHOOKS_UNPROCESSED, OLDEST_WEBHOOK, SUCCESS,
    FEES, ESCROW_HELD, PAYOUTS_WAITING, PAYOUTS_WAITING_MINOR,
)  # fmt: skip
