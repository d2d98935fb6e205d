"""What runs on this machine, as `ps` tells it."""

from __future__ import annotations

import subprocess
import time

from tests.patience import PATIENCE_SECONDS


def descendants(pid: int) -> set[int]:
    """Return the living processes that `pid` has started, directly or not."""
    children: dict[int, list[int]] = {}
    for child, parent in _living().items():
        children.setdefault(parent, []).append(child)
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting.extend(below)
    return found


def left_after(pids: set[int], seconds: float = PATIENCE_SECONDS) -> set[int]:
    """Wait until none of the processes lives; return those that still do after that many seconds.

    Who was killed may live for a moment. Whatever tests start so that it must not stay would stay for longer than this.
    """
    deadline = time.monotonic() + seconds
    while (left := pids & _living().keys()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def owner_of(pid: int) -> str:
    """Return the name of the user that a process runs as."""
    return subprocess.run(
        ["ps", "-o", "user=", "-p", str(pid)], capture_output=True, text=True, check=True
    ).stdout.strip()


def command_lines() -> str:
    """Return what anybody on this machine can read of all command lines."""
    return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout


def _living() -> dict[int, int]:
    """Return the parent of each process that is no zombie: who waits for its parent's notice holds nothing any more."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}
