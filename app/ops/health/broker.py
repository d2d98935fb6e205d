"""The broker, asked by this process itself: the only time that the API talks to it."""

from __future__ import annotations

from kombu import Connection

from app.infra.config import settings
from app.ops.health.verdicts import Verdict
from app.ops.states import HealthStatus

SECONDS = 1.0


def check_broker() -> Verdict:
    """Connect, sign in and hang up, once: kombu's own `connect` would try again, and take longer than we have."""
    limits = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    with Connection(settings().broker_url, connect_timeout=SECONDS, transport_options=limits) as connection:
        transport = connection.transport
        transport.close_connection(transport.establish_connection())
    return HealthStatus.HEALTHY, "connected"
