"""The relay and the worker as they run in production: processes of their own, with a broker that a test may break."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import redis

from embedded.ports import free_port
from embedded.process import Process, Program
from embedded.unprivileged import leave
from embedded.valkey import Valkey
from tests.architecture.sources import ROOT

RELAY = ("-m", "tasks.relay")
WORKER = (
    *("-m", "celery", "--app", "tasks.worker", "worker", "--concurrency", "2", "--include", "tests.delivery.probes"),
    *("--without-mingle", "--without-gossip"),
)


class Broker(Protocol):
    """A server of this test alone, that can be started again after it was killed."""

    url: str
    process: Process

    def start(self) -> None: ...


@dataclass
class System:
    """A relay, a worker and their broker."""

    broker: Broker
    relay: Process
    worker: Process
    logs: Path

    def another_relay(self) -> Process:
        """Make one more relay, not started yet."""
        return Process(self.relay.program)

    def flush_broker(self) -> None:
        """Make the broker forget everything."""
        with redis.Redis.from_url(self.broker.url) as client:
            client.flushall()

    def waiting(self, queue: str) -> int:
        """Count the messages of a queue that no worker has fetched."""
        with redis.Redis.from_url(self.broker.url) as client:
            return client.llen(f"amana:{queue}")

    def log(self, name: str) -> str:
        """Read what a process has said so far."""
        return (self.logs / f"{name}.log").read_text()


@contextmanager
def on_valkey(directory: Path, environment: Mapping[str, str]) -> Iterator[System]:
    """Run a system whose broker is Valkey."""
    broker = Valkey(directory / "valkey", directory / "valkey.log", free_port(), "carried-by-nobody")
    try:
        with running_system(broker, directory, environment) as system:
            yield system
    finally:
        leave(directory / "valkey")


@contextmanager
def running_system(broker: Broker, directory: Path, environment: Mapping[str, str]) -> Iterator[System]:
    """Start all three, and end all that still runs of them."""
    broker.start()
    variables = {"PATH": os.environ["PATH"], **environment, "BROKER_URL": broker.url}
    relay, worker = (
        Process(Program(name, (sys.executable, *argv), ROOT, directory / f"{name}.log", variables))
        for name, argv in (("relay", RELAY), ("worker", WORKER))
    )
    system = System(broker, relay, worker, directory)
    try:
        relay.start()
        worker.start()
        yield system
    finally:
        for process in (relay, worker, broker.process):
            process.stop(grace=0)


def kill(process: Process) -> None:
    """Kill a process with all that it started, as a machine that loses power does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.stop(grace=0)


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """Stop a process with all that it started, as a machine that swaps does, and let it go on."""
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGCONT)
