"""A watchman in the relay and in Beat: he tells the back office of checks of health that turn.

He needs neither broker nor workers, for he must tell of their absence too; and there are two of him at least, for he
must tell of the other one's.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from app.infra import sentry
from app.infra.config import settings
from app.infra.db import session_scope
from app.kernel.clock import wall_now
from app.notifications import service as notifications
from app.ops import alarms, health

log = logging.getLogger(__name__)


class Watchman:
    """Looks again and again. He remembers since when the database has not answered, which nobody else can."""

    def __init__(self) -> None:
        """Begin with a database that answers."""
        self._away_since: datetime | None = None

    def look(self) -> None:
        """Look at everything; raise an alarm for what has turned since anybody's last look."""
        report = health.look()
        if report.looked_at is None:
            self._away_since = self._away_since or wall_now()
            return
        with session_scope() as session:
            turns = health.record_turns(session, report, away_since=self._away_since)
            for turn in turns:
                notifications.raise_alarm(session, alarms.alarm_about_turn(turn))
        self._away_since = None
        for turn in turns:
            log.warning("health: %s is %s: %s", turn.name, turn.check.status, turn.check.detail)

    def look_for_ever(self) -> None:
        """Look as often as canaries are sent, and not before the first ones can have come through."""
        time.sleep(health.workers_patience())
        while True:
            self.look_again()
            time.sleep(settings().canary_seconds)

    def look_again(self) -> None:
        """Look, and live on whatever happens: nobody would miss a watchman who has ended."""
        try:
            self.look()
        except SQLAlchemyError as error:
            log.warning("the watchman could not tell what he saw: %s", type(error).__name__)
        except Exception as error:
            log.exception("the watchman stumbled")
            sentry.capture(error)


def start() -> None:
    """Let a watchman look beside whatever else this process does."""
    threading.Thread(target=Watchman().look_for_ever, name="watchman", daemon=True).start()
