"""Work: a delivery from its commit to its end, beside Celery alone; and how soon it starts."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from celery import Celery

from app.infra import outbox
from app.infra.db import session_scope
from app.kernel.ids import new_id
from app.payments.events import PaymentCaptured
from bench.line import Aim, Line, Run
from bench.scene import UNFINISHED, Scene
from bench.timing import Timing
from bench.world import ROOT, TUNING, Broken
from embedded.lifeline import spawn

MANY, BATCH, SINGLE = 4000, 100, 60
PAUSE_SECONDS = 0.03
DRAIN_SECONDS, STOP_SECONDS = 180.0, 60.0
#: How long after its event each delivery began, or ended, in milliseconds; of those recorded after a time.
_TIMES = """
    SELECT array_agg(extract(epoch FROM d.{} - e.recorded_at)::float8 * 1000)
    FROM delivery AS d JOIN event AS e ON e.id = d.event_id WHERE e.recorded_at > %s AND e.type = 'PaymentCaptured'
"""
STARTS, ENDS = _TIMES.format("started_at"), _TIMES.format("finished_at")
WORKER = (
    "-Q", "bench", "--concurrency", TUNING["WORKER_CONCURRENCY"], "--without-mingle", "--without-gossip",
    "--loglevel", "warning",
)  # fmt: skip


class Deliveries(Line):
    """A delivery for an order that nobody knows: relay, broker, claim, one look, end. Nothing else."""

    name = "delivery, end to end"
    unit = "deliveries"
    limits = {"ours": "Celery alone"}  # noqa: RUF012 - nobody changes it
    aims = (Aim("ours", "share", least=45),)
    worked_here = ("Celery alone", "ours")  # who sends and who records is the bench

    def __init__(self, scene: Scene) -> None:
        """Take the scene."""
        self._scene = scene

    def parts(self, number: int) -> Iterator[tuple[str, Run]]:
        """Give Celery's own, and ours."""
        with self._bare_worker() as drain:
            yield "Celery alone", lambda: drain(MANY)
        yield "ours", self._ours

    def _ours(self) -> Timing:
        before, began = self._scene.world.value("SELECT clock_timestamp()"), time.perf_counter()
        for _ in range(MANY // BATCH):
            with session_scope() as session:
                outbox.record(session, *(_no_op() for _ in range(BATCH)))
        self._scene.world.wait(*UNFINISHED)
        return Timing(MANY, time.perf_counter() - began, self._scene.world.value(ENDS, before))

    @contextmanager
    def _bare_worker(self) -> Iterator[Callable[[int], Timing]]:
        """Have a worker run that is awake, and give what sends it no-op tasks and waits for their end."""
        app = Celery(broker=self._scene.world.facts["broker_url"], config_source="celeryconfig")
        worker = spawn(
            [sys.executable, "-W", "ignore", "-m", "celery", "--app", "bench.noop", "worker", *WORKER],
            signal.SIGTERM,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,  # its banner
        )
        try:
            with app.connection_for_write() as connection:
                _drain(connection, app, 1)
                yield partial(_drain, connection, app)
        finally:
            worker.terminate()
            worker.wait(STOP_SECONDS)


class Starts(Line):
    """From the commit of an event to the first line of its task, one at a time."""

    name = "commit to task start"
    unit = "deliveries"
    aims = (Aim("ours", "p50", most=10),)

    def __init__(self, scene: Scene) -> None:
        """Take the scene."""
        self._scene = scene

    def parts(self, number: int) -> Sequence[tuple[str, Run]]:
        """Return the one part."""
        return (("ours", self._one_by_one),)

    def _one_by_one(self) -> Timing:
        before, began = self._scene.world.value("SELECT clock_timestamp()"), time.perf_counter()
        for _ in range(SINGLE):
            with session_scope() as session:
                outbox.record(session, _no_op())
            time.sleep(PAUSE_SECONDS)
        seconds = time.perf_counter() - began
        self._scene.world.wait(*UNFINISHED)
        latencies = self._scene.world.value(STARTS, before)
        if len(latencies) != SINGLE:
            raise Broken(f"{len(latencies)} deliveries started, not {SINGLE}")
        return Timing(SINGLE, seconds, sorted(latencies))


def _no_op() -> PaymentCaptured:
    return PaymentCaptured(payment_id=new_id(), order_id=new_id())


def _drain(connection: Any, app: Celery, count: int) -> Timing:
    """Send no-op tasks and wait until all are acknowledged."""
    began = time.perf_counter()
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            app.send_task("bench.noop.nothing", queue="bench", producer=producer)
    channel = connection.default_channel.client
    while channel.llen("bench") or channel.hlen("unacked"):
        if time.perf_counter() - began > DRAIN_SECONDS:
            raise Broken(f"Celery did not do {count} tasks in {DRAIN_SECONDS:.0f} s")
        time.sleep(0.02)
    return Timing(count, time.perf_counter() - began)
