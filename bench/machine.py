"""The machine: what it is, whether it is quiet, and whose processors' time was spent."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.timing import MOST_FOREIGN

#: A machine is quiet when for this long others have had no more of its processors than a round may bear.
QUIET_SECONDS = 2.0


@dataclass
class Spent:
    """Processor time of one measurement, in seconds, and its share of other people's work (0 to 1)."""

    world: float = 0.0
    bench: float = 0.0
    elapsed: float = 0.0
    foreign: float = 0.0


def await_quiet(patience: float, supervisor: int | None = None) -> bool:
    """Wait until nobody but us and a world keeps the processors busy; False when that took more than `patience` s."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with metered(supervisor) as spent:
            time.sleep(QUIET_SECONDS)
        if spent.foreign <= MOST_FOREIGN:
            return True
    return False


@contextmanager
def metered(supervisor: int | None) -> Iterator[Spent]:
    """Count what the world below a supervisor spends, what we do, and what anybody else does."""
    spent = Spent()
    before, began = _reading(supervisor), time.monotonic()
    yield spent
    spent.elapsed = time.monotonic() - began
    busy, spent.world, spent.bench = (now - then for now, then in zip(_reading(supervisor), before, strict=True))
    foreign = busy - spent.world - spent.bench
    spent.foreign = max(foreign, 0.0) / (spent.elapsed * (os.cpu_count() or 1))


def described() -> str:
    """Return processor, cores, memory and kernel on one line."""
    model = platform.machine()
    with suppress(OSError):
        names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    memory = psutil.virtual_memory().total / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def _reading(supervisor: int | None) -> tuple[float, float, float]:
    """Return the seconds that the machine, the world and we have been busy."""
    world = _tree(supervisor) if supervisor else 0.0
    return _busy(), world, _tree(os.getpid(), without=supervisor)


def _busy() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _tree(pid: int, without: int | None = None) -> float:
    """Return the seconds that a process and all below it have spent, those included that have ended."""
    seconds = 0.0
    with suppress(psutil.NoSuchProcess):
        waiting = [psutil.Process(pid)]
        while waiting:
            process = waiting.pop()
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system + times.children_user + times.children_system
                waiting += [child for child in process.children() if child.pid != without]
    return seconds
