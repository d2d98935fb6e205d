"""The checks that Postgres answers: so they hold for all processes, whichever is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.infra.config import settings
from app.infra.db import SCHEMA
from app.infra.metrics import BEAT_TICKS, FAILURES_IN_A_ROW, store
from app.infra.outbox import canaries
from app.ops import gauges
from app.ops.health.verdicts import Verdict, graded
from app.ops.states import HealthStatus

SLOW_SECONDS = 0.5

#: Seconds after which it is degraded, and unhealthy.
RELAY_LAG = (10, 60)
WEBHOOK_AGE = (60, 600)

#: Beat has a round at least as often as a sweep is due; it is given up after so many that did not come.
MISSED_ROUNDS = 4
BEAT_LEAST_SECONDS = 30

#: One failed call is tried again a moment later, and tells nothing.
FAILURES = 3


def check_database(session: Session) -> Verdict:
    """See that it answers, quickly, and was migrated as far as this code needs it."""
    began = time.monotonic()
    revision = session.scalar(text("SELECT schema_revision()")) or ""
    if revision < SCHEMA:
        return HealthStatus.UNHEALTHY, f"migrated to {revision or 'nothing'}, and {SCHEMA} is needed"
    slow = time.monotonic() - began > SLOW_SECONDS
    return (HealthStatus.DEGRADED, "answers slowly") if slow else (HealthStatus.HEALTHY, "connected and migrated")


def workers_patience() -> int:
    """Return for how many seconds no canary need come through: one that the broker lost is sent again after a while."""
    return 2 * settings().canary_seconds + settings().published_patience_seconds


def check_workers(session: Session) -> Verdict:
    """See that canaries come through every queue."""
    ages = canaries.ages(session)
    late = {queue: age for queue, age in sorted(ages.items()) if age is None or age > workers_patience()}
    if not late:
        return HealthStatus.HEALTHY, f"work came through all {len(ages)} queues in the last {_seconds(_oldest(ages))}"
    told = ", ".join(f"{queue} ({'never' if age is None else _seconds(age) + ' ago'})" for queue, age in late.items())
    return HealthStatus.UNHEALTHY, f"nothing comes through {told}"


def check_relay(session: Session) -> Verdict:
    """See that what could be carried is carried."""
    lag = gauges.RELAY_LAG.read(session)[()]
    return graded(lag, *RELAY_LAG), f"the oldest work that could be carried has waited {_seconds(lag)}"


def check_beat(session: Session) -> Verdict:
    """See that Beat has its rounds."""
    ticks = store.read(session, BEAT_TICKS.name)
    if not ticks:
        return HealthStatus.UNHEALTHY, "Beat has never had a round"
    patience = max(BEAT_LEAST_SECONDS, MISSED_ROUNDS * settings().sweep_seconds)
    return graded(ticks[0].age, patience, patience), f"Beat had its last round {_seconds(ticks[0].age)} ago"


def check_webhooks(session: Session) -> Verdict:
    """See that pings of gateways are looked at."""
    waiting = sum(gauges.WEBHOOKS_UNPROCESSED.read(session).values())
    oldest = max(gauges.OLDEST_WEBHOOK.read(session).values())
    if not waiting:
        return HealthStatus.HEALTHY, "none waits"
    return graded(oldest, *WEBHOOK_AGE), f"{waiting:.0f} wait, the oldest for {_seconds(oldest)}"


def check_dead_letters(session: Session) -> Verdict:
    """See that no work was given up."""
    dead = gauges.DEAD_LETTERS.read(session)
    if not dead:
        return HealthStatus.HEALTHY, "none"
    return HealthStatus.DEGRADED, ", ".join(f"{task} ({count:.0f})" for (task,), count in dead.items())


def check_gateway(session: Session, *, name: str) -> Verdict:
    """See how the last calls went. That it is configured is seen at every start: without its settings there is none."""
    streaks = store.read(session, FAILURES_IN_A_ROW.name)
    streak = next((sample for sample in streaks if sample.labels["gateway"] == name), None)
    if streak is None:
        return HealthStatus.HEALTHY, "configured, and not called yet"
    good = "there was never one" if streak.begun is None else f"the last one came {_seconds(streak.begun)} ago"
    if streak.value < FAILURES:
        return HealthStatus.HEALTHY, f"configured; of good answers {good}"
    told = f"the last {streak.value:.0f} calls had no good answer, the latest {_seconds(streak.age)} ago"
    return HealthStatus.DEGRADED, f"configured, but {told}; of good answers {good}"


CHECKS: Mapping[str, Callable[[Session], Verdict]] = {
    "database": check_database,
    "workers": check_workers,
    "relay": check_relay,
    "beat": check_beat,
    "webhooks": check_webhooks,
    "dead_letters": check_dead_letters,
    "konnect": partial(check_gateway, name="konnect"),
    "google": partial(check_gateway, name="google"),
}


def _oldest(ages: Mapping[str, float | None]) -> float:
    return max(age or 0.0 for age in ages.values())


def _seconds(age: float) -> str:
    return f"{age:.0f} s"
