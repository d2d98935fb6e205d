"""One child process: started so that it cannot outlive us, stopped with everything it started itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from embedded.errors import EmbeddedError, StartFailedError
from embedded.unprivileged import Disguise

Pause = Callable[[float], None]
"""Sleep that many seconds; the supervisor's raises when a stop signal has come."""

_POLL_SECONDS = 0.02
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Program:
    """What to run, as whom, with which environment, and how to end it. `stop_signal` is also its parent-death signal."""

    name: str
    argv: tuple[str, ...]
    directory: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    disguise: Disguise = Disguise()
    stdin: bytes = b""


class Process:
    """A program that can be started, asked, stopped, and started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.started_at = 0.0
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the main process, which also leads the group of all that it starts; 0 before the first start."""
        return self._popen.pid if self._popen else 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it was started; negative for the number of a signal."""
        return self._popen.poll() if self._popen else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it as the leader of a new session; its output is appended to its log.

        Raises EmbeddedError outside the main thread: the parent-death signal fires when the starting *thread* ends.
        """
        if threading.current_thread() is not threading.main_thread():
            msg = f"{self.program.name} must be started from the main thread."
            raise EmbeddedError(msg)
        program = self.program
        with _open_log(program.log) as log:
            self._popen = subprocess.Popen(
                [*program.disguise.prefix, *program.argv],
                cwd=program.directory,
                env=dict(program.environment),
                stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=program.disguise.uid,
                group=program.disguise.gid,
                extra_groups=None if program.disguise.uid is None else [],
                umask=0o077,
                preexec_fn=_die_with_parent(program.stop_signal) if sys.platform == "linux" else None,
            )
        self.started_at = time.monotonic()
        if self._popen.stdin:
            with contextlib.suppress(BrokenPipeError), self._popen.stdin as stdin:
                stdin.write(program.stdin)

    def wait(self, seconds: float, pause: Pause = time.sleep) -> int:
        """Wait until it ends by itself and return its exit code; raises StartFailedError when it takes longer."""
        deadline = time.monotonic() + seconds
        while (code := self.exit_code) is None:
            if time.monotonic() > deadline:
                raise self.failure(f"did not end within {seconds:.0f} s")
            pause(_POLL_SECONDS)
        self.sweep()
        return code

    def wait_until(self, ready: Callable[[], bool], seconds: float, pause: Pause = time.sleep) -> None:
        """Wait until `ready()`; raises StartFailedError when it ends before, or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_code is not None:
                raise self.failure(f"ended with {self.exit_code} before it was ready")
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready within {seconds:.0f} s")
            pause(_POLL_SECONDS)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the main process, which ends its own children in its own order."""
        if self._popen and self._popen.poll() is None:
            self._popen.send_signal(self.program.stop_signal)

    def stop(self, grace: float = 10.0) -> None:
        """End it and its whole group: the stop signal first, SIGKILL after `grace` seconds."""
        self.ask_to_stop()
        deadline = time.monotonic() + grace
        while self.running and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self.sweep()

    def sweep(self) -> None:
        """Kill what is left of its group: after its end these are orphans that would hold its ports."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def failure(self, what: str) -> StartFailedError:
        """Describe a failure of this program, with the last lines of its log."""
        tail = last_lines(self.program.log)
        return StartFailedError(f"{self.program.name} {what}. The end of {self.program.log}:\n{tail}")


def last_lines(log: Path, lines: int = 25, limit: int = 16_384) -> str:
    """Return the last lines of a log, indented; at most `limit` bytes are read."""
    if not log.exists():
        return "  (there is no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - limit))
        text = file.read().decode(errors="replace")
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (it is empty)"


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path.open("ab")


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None]:
    """Return what the child does between fork and exec; it must allocate next to nothing and take no lock."""
    parent = os.getpid()
    prctl = _LIBC.prctl  # looked up before the fork

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(stop_signal))
        if os.getppid() != parent:  # the parent died between fork and prctl: no signal will come
            os._exit(1)

    return in_child
