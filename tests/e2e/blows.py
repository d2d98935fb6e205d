"""What can happen to a running system: each blow hits one of its parts without any warning.

To strike takes two steps: a blow aims, which may have to wait for its target to be up, and returns what lets it fall.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from threading import Timer

import redis

from tests.e2e.patience import eventually
from tests.e2e.running import LEASE_SECONDS, RunningWorld

Blow = Callable[[RunningWorld], Callable[[], object]]


def _kill(name: str, number: signal.Signals = signal.SIGKILL) -> Blow:
    def aim(world: RunningWorld) -> Callable[[], object]:
        return partial(os.kill, eventually(lambda: world.living(name), f"{name} to kill"), number)

    return aim


def _kill_child_of_worker(world: RunningWorld) -> Callable[[], object]:
    return partial(os.kill, _child_of_worker(world), signal.SIGKILL)


def _child_of_worker(world: RunningWorld) -> int:
    children: list[int] = eventually(lambda: world.children("worker") or None, "a child of the worker")
    return children[0]


def _freeze_child_of_worker(world: RunningWorld) -> Callable[[], object]:
    """Stop it until its lease is over and another has its work; then it goes on, and knows nothing of that."""
    child = _child_of_worker(world)

    def freeze() -> None:
        os.kill(child, signal.SIGSTOP)
        Timer(LEASE_SECONDS + 1, _wake, [child]).start()

    return freeze


def _wake(pid: int) -> None:
    with suppress(ProcessLookupError):  # somebody has killed it in its sleep
        os.kill(pid, signal.SIGCONT)


def _flush_broker(world: RunningWorld) -> Callable[[], object]:
    def flush() -> None:
        with redis.Redis.from_url(world.facts["broker_url"]) as broker:
            broker.flushall()

    eventually(lambda: world.living("broker"), "a broker to flush")
    return flush


BLOWS: Mapping[str, Blow] = {
    "relay killed": _kill("relay"),
    "worker killed": _kill("worker"),
    "child of the worker killed": _kill_child_of_worker,
    "child of the worker frozen": _freeze_child_of_worker,
    "broker flushed": _flush_broker,
    "broker killed": _kill("broker"),
    # Shut down in mode `immediate`: no transaction ends, no buffer is written, the next start recovers.
    "PostgreSQL stopped at once": _kill("postgres", signal.SIGQUIT),
    "sandbox killed": _kill("sandbox"),
    "API killed": _kill("api"),
    "Beat killed": _kill("beat"),
}
"""All of them by name. The supervisor starts again whatever is dead."""
