"""The guard: a tiny process that ends our children when the supervisor is gone without having done so.

The parent-death signal reaches only the direct children, only on Linux, and only asks. The guard learns the process
groups from a pipe; when the pipe closes it asks every group that is left to stop, and kills what stays.
It also holds the lock of the run directory until it is done, so that no second world starts among the remains.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

_GRACE_SECONDS = 8.0
_POLL_SECONDS = 0.05


class Guard:
    """The supervisor's end of the pipe."""

    def __init__(self, lock_descriptor: int, grace_seconds: float = _GRACE_SECONDS) -> None:
        command = [sys.executable, "-I", "-S", __file__, str(grace_seconds)]
        self._popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, start_new_session=True, pass_fds=[lock_descriptor], bufsize=0
        )

    def started(self, pid: int) -> None:
        """Let the guard know a group that has to end with us."""
        self._tell(f"+{pid}\n")

    def ended(self, pid: int) -> None:
        """Let the guard forget a group that is gone, before its number is given to somebody else."""
        self._tell(f"-{pid}\n")

    def dismiss(self) -> None:
        """Close the pipe and wait until the guard has ended what is left: nothing, after an orderly stop."""
        if self._popen.stdin:
            self._popen.stdin.close()
        self._popen.wait()

    def _tell(self, line: str) -> None:
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError):  # somebody killed the guard; the parent-death signal remains
                self._popen.stdin.write(line.encode())


def _main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        groups = groups | {pid} if line[0] == "+" else groups - {pid}
    _end(groups, float(sys.argv[1]))


def _end(groups: set[int], grace_seconds: float) -> None:
    left = {group for group in groups if _signal(group, signal.SIGTERM)}
    deadline = time.monotonic() + grace_seconds
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {group for group in left if _signal(group, 0)}
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Signal a group (0 only asks) and say whether it exists."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    _main()
