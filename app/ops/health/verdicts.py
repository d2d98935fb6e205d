"""What a check says, and what to do then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.ops.states import HealthStatus

#: A status, and why: counts, ages and words of ours; never a host, an address or what somebody else has said.
Verdict = tuple[HealthStatus, str]

ADVICE: Mapping[str, str] = {
    "database": "See that PostgreSQL runs, is reached from here, and was migrated: flask --app wsgi db upgrade.",
    "broker": "See that the broker runs and is reached from here. Nothing is lost: work waits in PostgreSQL.",
    "workers": "See that workers run for these queues, and restart those that hang. Work waits in PostgreSQL.",
    "relay": "See that a relay runs and reaches the broker: python -m tasks.relay.",
    "beat": "See that Beat runs: celery --app tasks.worker beat. Without it nothing falls due by itself.",
    "webhooks": "Look at the workers of the queues payments and payouts. The polls find what was paid all the same.",
    "dead_letters": "Put right what is wrong, then replay or discard them: flask --app wsgi dead-letters list.",
    "konnect": "See whether Konnect is up, and whether KONNECT_API_KEY is still good. Payments are tried again.",
    "google": "See whether Google is up, and whether GOOGLE_CLIENT_SECRET is still good. Meetings are tried again.",
}


@dataclass(frozen=True)
class Check:
    """One check: how it stands, why, how long it took, and what to do about it where it is not well."""

    status: HealthStatus
    detail: str
    duration_ms: int
    advice: str | None = None


def judge(name: str, check: Callable[[], Verdict]) -> Check:
    """Make a check and take its time; one that cannot be made is unhealthy."""
    began = time.monotonic()
    try:
        status, detail = check()
    except Exception as error:  # noqa: BLE001 - whatever it was, the question has no good answer
        status, detail = HealthStatus.UNHEALTHY, f"cannot be told: {type(error).__name__}"
    return made(name, status, detail, time.monotonic() - began)


def made(name: str, status: HealthStatus, detail: str, seconds: float) -> Check:
    """Return a check with the advice that belongs to it."""
    advice = None if status == HealthStatus.HEALTHY else ADVICE[name]
    return Check(status, detail, round(seconds * 1000), advice)


def graded(value: float, degraded: float, unhealthy: float) -> HealthStatus:
    """Return how something stands that is the worse the more there is of it."""
    if value > unhealthy:
        return HealthStatus.UNHEALTHY
    return HealthStatus.DEGRADED if value > degraded else HealthStatus.HEALTHY
