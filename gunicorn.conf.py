"""How gunicorn serves the API. Everything that differs between machines comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from gunicorn.glogging import Logger


class ErrorLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Tells of gunicorn itself: the app logs each request, structured, with its request id."""

    access_log_enabled = False


def _number(name: str, default: int) -> int:
    """Read a positive whole number from the environment, or end with a sentence that names the variable."""
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise SystemExit(f"{name} must be a whole number above 0, but it is {text!r}.")
    return int(text)


def _host() -> str:
    """Read where to listen; demo and test listen on loopback only."""
    loopback = "127.0.0.1"
    host = os.environ.get("WEB_HOST", loopback)
    if host != loopback and os.environ.get("AMANA_ENV") in {"demo", "test"}:
        raise SystemExit(f"WEB_HOST is {host!r}, but AMANA_ENV=demo and test listen on {loopback} only: unset it.")
    return host


def post_fork(_server: object, _worker: object) -> None:
    """Begin to count in a process that will answer requests: the thread that writes does not survive a fork."""
    from app.infra import metrics  # noqa: PLC0415 - whoever only reads this file needs no settings

    metrics.start()


def worker_exit(_server: object, _worker: object) -> None:
    """Write the counts of its last seconds."""
    from app.infra import metrics  # noqa: PLC0415 - as above

    metrics.flush()


bind = f"{_host()}:{_number('PORT', 8000)}"
workers = _number("WEB_WORKERS", 2)
threads = _number("WEB_THREADS", 8)
worker_class = "gthread"
preload_app = True  # import once, fork after: the workers are there in no time and share memory
timeout = 30
graceful_timeout = 8  # who stops us kills after 10 s: the supervisor, and `docker stop`
keepalive = 5
control_socket_disable = True  # its socket has one fixed place per user: two worlds would quarrel over it
logger_class = ErrorLogger
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "info").lower()
# Its lines are written as ours are: a JSON object each, without a word of what a stranger has sent.
logconfig_dict = {
    "root": {"level": "WARNING", "handlers": []},  # the application's to configure
    "formatters": {"generic": {"()": "app.infra.logs.JsonFormatter"}},
    "loggers": {"gunicorn.error": {"level": loglevel.upper(), "handlers": ["error_console"], "propagate": False}},
}

# A worker proves that it lives by touching a file; on a busy disk that may block, and it would be killed for it.
_memory = Path("/dev") / "shm"
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
