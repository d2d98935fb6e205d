"""A sign of life for whoever watches this process from outside: a file that it touches while it works.

The relay, Beat and the workers have no door of their own. To ask about them by a program that reads our settings, or by
way of the broker, takes a second of a processor each time; to look at the age of a file takes nothing.
"""

from __future__ import annotations

import logging
from pathlib import Path

from app.infra.config import settings

log = logging.getLogger(__name__)


def beat() -> None:
    """Touch HEARTBEAT_FILE, if there is to be one. That it cannot be touched is told, and stops no work."""
    path = settings().heartbeat_file
    if not path:
        return
    try:
        Path(path).touch()
    except OSError as error:
        log.warning("HEARTBEAT_FILE cannot be touched: %s", type(error).__name__)
