"""The relay carries due deliveries from Postgres to the broker. Run any number: `python -m tasks.relay`."""

from __future__ import annotations

import logging
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import FrameType
from typing import Any

import psycopg
from kombu.exceptions import BatchPublishError
from kombu.exceptions import OperationalError as BrokerError
from opentelemetry.trace import SpanKind
from sqlalchemy.exc import OperationalError as DatabaseError

from app.infra import heartbeat, logs, metrics, sentry, traces
from app.infra.config import settings
from app.infra.correlation import correlate
from app.infra.db import session_scope
from app.infra.outbox import publish
from app.infra.outbox.record import RELAY_CHANNEL
from app.kernel.ids import new_id
from tasks import watching
from tasks.worker import app

log = logging.getLogger(__name__)

#: What a broker that is away can raise through kombu and redis-py. After a broken batch nobody knows what arrived: it
#: is taken back and sent again, and whatever arrives twice is dropped by the claim.
BROKER_ERRORS = (
    BrokerError,
    BatchPublishError,
    OSError,
    *app.connection().connection_errors,
    *app.connection().channel_errors,
)

#: Between two tries to reach a database or a broker that is away: twice as long each time, up to the latter.
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
IDLE_SECONDS = 1.0
#: What was carried within this time may end any moment, and make room for more: nobody says so.
RECENT_SECONDS = 2.0
RECENT_IDLE_SECONDS = 0.1
RESCUE_EVERY_SECONDS = 1.0
BATCH = 500


class Relay:
    """One copy of the relay. It keeps nothing in memory that matters."""

    def __init__(self) -> None:
        """Start awake."""
        self.stopping = threading.Event()
        self._rescued_at = 0.0
        self._carried_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS
        self._lost_broker = False

    def stop(self, *_: int | FrameType | None) -> None:
        """Finish the batch in hand, then end."""
        self.stopping.set()

    def run(self) -> None:
        """Carry deliveries until stopped; a database or broker that is away is waited for."""
        while not self.stopping.is_set():
            try:
                with _listening() as notices:
                    self._carry(notices)
            except (psycopg.OperationalError, DatabaseError, *BROKER_ERRORS) as error:
                log.warning("the relay waits: %s", type(error).__name__)
                self.stopping.wait(self._pause)
                self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)

    def _carry(self, notices: psycopg.Connection[Any]) -> None:
        while not self.stopping.is_set():
            self._rescue_when_due()
            self._find_broker()
            published = self._publish_due()
            self._pause = FIRST_PAUSE_SECONDS
            heartbeat.beat()  # database and broker have both answered, as far as there was work for them
            if not published:
                self._doze(notices)
            elif self._publish_due():  # two looks in a row found work: nobody needs to wake a relay that is busy
                with session_scope() as session:
                    publish.wake(session)

    def _rescue_when_due(self) -> None:
        if time.monotonic() - self._rescued_at < RESCUE_EVERY_SECONDS:
            return
        with session_scope() as session:
            count = publish.rescue(session)
        self._rescued_at = time.monotonic()
        if count:
            log.warning("deliveries were rescued", extra={"count": count})

    def _find_broker(self) -> None:
        """Raise while a broker that was lost does not answer: until then work waits unmarked, where it can be seen."""
        if self._lost_broker:
            with app.connection_for_write() as connection:
                connection.connect()
            self._lost_broker = False

    def _publish_due(self) -> int:
        """Mark what is due as published, then give it to the broker; what the broker refuses is taken back.

        If the relay dies in between, the deliveries stand as published without a message: `rescue` finds them.
        """
        with session_scope() as session:
            due = publish.take_due(session)
        try:
            _send(due)
        except BROKER_ERRORS:
            self._lost_broker = True
            with session_scope() as session:
                publish.withdraw(session, [outgoing.id for outgoing in due])
            raise
        if due:
            self._carried_at = time.monotonic()
        return len(due)

    def _doze(self, notices: psycopg.Connection[Any]) -> None:
        """Sleep until new work is committed or a second has passed; much less while what was carried is at work.

        When that ends, there is room in the window for what did not fit, and a turn for what waits under the same key.
        Who has just said so looks once more: what was committed a moment before would otherwise wait for the second.
        """
        with session_scope() as session:
            said_now = publish.sleep(session)
        if not (said_now and self._publish_due()):
            is_recent = time.monotonic() - self._carried_at < RECENT_SECONDS
            _wait_for_notice(notices, RECENT_IDLE_SECONDS if is_recent else IDLE_SECONDS)


def _traced(due: list[publish.Outgoing]) -> AbstractContextManager[object]:
    """Trace a batch by itself, linked to the events that it carries: each of them goes on in a trace of its own."""
    if not traces.on():
        return nullcontext()
    correlate(str(new_id()))
    with session_scope() as session:
        origins = publish.origins(session, [outgoing.id for outgoing in due])
    links = [traces.place(*origin) for origin in origins]
    return traces.span("send deliveries", SpanKind.PRODUCER, links=links, messaging__batch__message_count=len(due))


def _send(due: list[publish.Outgoing]) -> None:
    if not due:
        return
    with _traced(due), app.producer_pool.acquire(block=True) as producer, producer.batch(max_size=BATCH):
        for outgoing in due:
            delivery_id = str(outgoing.id)
            app.send_task(
                outgoing.task, (delivery_id,), task_id=delivery_id, queue=outgoing.queue, producer=producer, retry=False
            )


def _wait_for_notice(notices: psycopg.Connection[Any], seconds: float) -> None:
    select.select([notices.fileno()], [], [], seconds)
    for _ in notices.notifies(timeout=0):
        continue


@contextmanager
def _listening() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(settings().database_url, autocommit=True, connect_timeout=5) as connection:
        connection.execute(f"LISTEN {RELAY_CHANNEL}")
        yield connection


def main() -> None:
    """Run one relay until SIGTERM or SIGINT; what ends it otherwise is reported."""
    logs.configure(settings().log_level)
    sentry.start()
    traces.start("relay")
    metrics.start()
    watching.start()
    relay = Relay()
    signal.signal(signal.SIGTERM, relay.stop)
    signal.signal(signal.SIGINT, relay.stop)
    try:
        relay.run()
    except Exception as error:
        sentry.capture(error, wait=True)
        raise
    finally:
        metrics.flush()


if __name__ == "__main__":
    main()
