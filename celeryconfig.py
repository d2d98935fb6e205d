"""Celery's settings. Why each differs from its default: docs/adr/0002-postgres-is-the-truth-celery-the-carrier.md."""

from datetime import timedelta
from urllib.parse import urlsplit

from kombu import Queue

from app.infra.config import TASK_GRACE_SECONDS, settings
from app.infra.outbox.reactions import QUEUES

_settings = settings()

broker_url = _settings.broker_url
broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # never give up on the broker
# Each kind of broker reads options of its own. Without those about time a half-open connection stops a worker, or the
# relay, for ever, without a line in its log.
_REDIS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 15,
    "socket_connect_timeout": 5,
    "health_check_interval": 10,
    "socket_keepalive": True,
    "global_keyprefix": "amana:",
}
_RABBITMQ = {"confirm_publish": True, "read_timeout": 15, "write_timeout": 15}
broker_transport_options = _RABBITMQ if urlsplit(broker_url).scheme.startswith("amqp") else _REDIS
broker_heartbeat = 10  # RabbitMQ's alone
broker_connection_timeout = 5

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True  # the outcome stands in Postgres
result_backend = None

task_acks_late = True
task_reject_on_worker_lost = False  # True is an endless loop for poison; leases and attempts bound it in Postgres
worker_prefetch_multiplier = 4
worker_concurrency = _settings.worker_concurrency
worker_cancel_long_running_tasks_on_connection_loss = False
worker_max_tasks_per_child = 5_000
worker_max_memory_per_child = 400_000  # KiB
worker_soft_shutdown_timeout = 5
worker_hijack_root_logger = False

# HTTP deadline < soft limit < hard limit <= lease < visibility timeout; the settings see to the first three.
task_soft_time_limit = _settings.task_seconds
task_time_limit = _settings.task_seconds + TASK_GRACE_SECONDS

task_queues = [Queue(name) for name in QUEUES]
task_default_queue = "maintenance"
task_create_missing_queues = True

imports = (
    "tasks.booking", "tasks.calendar", "tasks.identity", "tasks.maintenance", "tasks.ops", "tasks.payments",
    "tasks.payouts",
)  # fmt: skip

# In memory: when a sweep ran last does not matter, so there is no file to share, to lose or to lock.
beat_scheduler = "tasks.beat:CountingScheduler"

_often = timedelta(seconds=_settings.sweep_seconds)

#: How far the clocks of Beat and workers may be apart: what expires does so by the worker's.
_SHORTEST_LIFE = timedelta(minutes=1)


def _sweep(name: str, every: timedelta) -> dict[str, object]:
    """Start a sweep now and then. A message that later ones have overtaken expires, or they pile up without workers."""
    life = max(every, _SHORTEST_LIFE).total_seconds()
    return {"task": f"tasks.maintenance.{name}", "schedule": every, "options": {"expires": life}}


# Beat starts sweeps, nothing else: each claims its rows, so two Beats, or a Beat that slept, do no harm. The names are
# those of Sentry's monitors.
beat_schedule = {
    "expire-bookings": _sweep("expire_bookings", _often),
    "poll-payments": _sweep("poll_payments", _often),
    "poll-payouts": _sweep("poll_payouts", _often),
    "complete-bookings": _sweep("complete_bookings", _often),
    "release-escrows": _sweep("release_escrows", _often),
    "check-books": _sweep("check_books", timedelta(minutes=1)),
    "send-canaries": _sweep("send_canaries", timedelta(seconds=_settings.canary_seconds)),
    "purge-idempotency-keys": _sweep("purge_idempotency_keys", timedelta(hours=1)),
    "purge-tokens": _sweep("purge_tokens", timedelta(hours=1)),
}
