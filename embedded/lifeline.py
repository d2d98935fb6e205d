"""Children that cannot outlive us: the kernel ends them when we are gone, even by SIGKILL (on Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from embedded.errors import EmbeddedError

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)


def spawn(argv: Sequence[str], death_signal: signal.Signals, **options: Any) -> subprocess.Popen[bytes]:
    """Start a program that gets `death_signal` when we die; `options` are those of subprocess.Popen.

    Raises EmbeddedError outside the main thread: the signal comes when the starting *thread* ends, not its process.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedError(
            "Child processes must be started from the main thread: they end with their starting thread."
        )
    with warnings.catch_warnings():
        # Python 3.12 warns of any fork beside threads; what runs between fork and exec here takes no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(argv, preexec_fn=_die_with_parent(death_signal), **options)


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what the child does between fork and exec, or None where the kernel knows no such signal."""
    if sys.platform != "linux":
        return None
    parent, prctl = os.getpid(), _LIBC.prctl

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # the parent died between fork and prctl: no signal would ever come
            os._exit(1)

    return in_child
