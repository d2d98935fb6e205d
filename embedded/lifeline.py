"""The parent-death signal: the kernel ends a child when the one who started it is gone, even by SIGKILL (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

from embedded.errors import EmbeddedError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)


def die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` for subprocess.Popen, or None where the kernel knows no such signal.

    Raises EmbeddedError outside the main thread: the signal fires when the starting *thread* ends, not its process.
    """
    if threading.current_thread() is not threading.main_thread():
        msg = "Child processes must be started from the main thread: they would end with the thread that starts them."
        raise EmbeddedError(msg)
    if sys.platform != "linux":
        return None
    parent, prctl = os.getpid(), _LIBC.prctl

    def in_child() -> None:
        """Run between fork and exec: takes no lock, imports nothing."""
        prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # the parent died between fork and prctl: no signal would ever come
            os._exit(1)

    return in_child
