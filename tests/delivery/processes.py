"""The relay and the worker as they run in production: processes of their own, with a broker that a test may break."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import redis

from embedded.ports import free_port
from embedded.process import Process, Program
from embedded.unprivileged import leave
from embedded.valkey import Valkey
from tests.architecture.sources import ROOT
from tests.patience import eventually

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

    def another_relay(self, **limits: float) -> Process:
        """Make one more relay, not started yet; `limits` are how long it sleeps, by the names of its constants."""
        chosen = "".join(f"relay.{name} = {seconds}; " for name, seconds in limits.items())
        argv = (sys.executable, "-c", f"from tasks import relay; {chosen}relay.main()")
        return Process(replace(self.relay.program, argv=argv) if limits else self.relay.program)

    def impatient_worker(self, **settings: str) -> Process:
        """Make a worker with other settings, not started yet."""
        program = self.worker.program
        return Process(replace(program, environment=dict(program.environment) | settings))

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


def states(group: int) -> list[str]:
    """Return how each process of a group is: R for one that runs, S for one that waits, T for one that is stopped."""
    command = ["ps", "--no-headers", "-eo", "pgid,state"]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [state for pgid, state in map(str.split, table.splitlines()) if int(pgid) == group]


@contextmanager
def frozen(process: Process) -> Iterator[None]:
    """Stop a process with all that it started, as a machine that swaps does, and let it go on."""
    os.killpg(process.pid, signal.SIGSTOP)
    eventually(lambda: set(states(process.pid)) <= {"T", "Z"}, "all of them to stand still")
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGCONT)
